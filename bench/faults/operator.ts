import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { VerifyReport } from '../../cli/verify/verify.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';

const execute = promisify(execFile);
/** Also of `verify` on the log of an hour: three minutes on two cores that have other things to do. */
const commandMsMax = 300_000;

/** Types a command as a runbook says, as in `reset ingest --yes`; returns what it prints. */
export async function typed(
  environment: Readonly<Record<string, string>>,
  command: string,
): Promise<string> {
  const words = [join(projectDir, 'cli', 'main.ts'), ...command.split(' ')];
  const options = { env: { ...environment }, timeout: commandMsMax, maxBuffer: 2 ** 26 };
  return (await execute(process.execPath, words, options)).stdout;
}

/**
 * What `verify` finds, by a process of its own: to fold whole logs here would hold up the proxies, and
 * with them every command that goes past them.
 */
export async function verified(
  environment: Readonly<Record<string, string>>,
): Promise<VerifyReport> {
  const printed = await typed(environment, 'verify --json').catch((error: unknown) => {
    // It ends with 1 where something differs, and says what.
    const { stdout = '' } = error as { readonly stdout?: string };
    if (stdout !== '') return stdout;
    throw new RetryableError(messageOf(error), { cause: error });
  });
  return reportIn(printed);
}

/** A command that fails says so where its report would be. */
export function reportIn(printed: string): VerifyReport {
  const said = JSON.parse(printed) as VerifyReport | { readonly error: string };
  if ('error' in said) throw new RetryableError(said.error);
  return said;
}
