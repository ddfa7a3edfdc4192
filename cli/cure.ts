import { messageOf, RefusedError, RetryableError, UserError } from '../lib/errors.ts';

const status = '`npx freshet status`';

/**
 * Mistakes, refusals and parts that are away as one sentence that says what to do; null: a bug, and
 * its stack is wanted.
 */
export function sentenceOf(error: unknown): string | null {
  if (error instanceof RetryableError) return `${error.message}${cureFor(error.message)}`;
  return error instanceof UserError || error instanceof RefusedError ? messageOf(error) : null;
}

/** Of what is away only the message is known here; some say by themselves what helps. */
function cureFor(message: string): string {
  if (/`(?!npx freshet status)[^`]+`/.test(message)) return '';
  return message.includes(status)
    ? ': is everything up?'
    : `: is everything up? ${status} says what does not answer`;
}
