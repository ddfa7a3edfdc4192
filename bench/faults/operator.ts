import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { projectDir } from '../../lib/config/state-file.ts';

const execute = promisify(execFile);
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
