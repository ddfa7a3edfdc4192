import { RetryableError, UserError } from '../../lib/errors.ts';

/**
 * Runs what sends a file's rows. Where brokers went away in between nobody knows how many arrived;
 * ids are made from the file, so sending all of it again is safe.
 */
export async function againIfLate<T>(file: string, sending: () => Promise<T>): Promise<T> {
  try {
    return await sending();
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const same = file === '-' ? 'the same input' : file;
    throw new UserError(
      `${error.message}; some of it may have arrived, so send ${same} again when Kafka is back (\`npx freshet status\`): its rows have ids, and nothing doubles`,
      { cause: error },
    );
  }
}
