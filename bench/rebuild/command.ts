import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { RebuildReport } from '../../cli/rebuild/report.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { UserError } from '../../lib/errors.ts';
import type { Bed } from '../bed.ts';

/** `freshet rebuild SERVICE`, as a user gives it. */
export async function rebuild(
  { environment }: Pick<Bed, 'environment'>,
  words: readonly string[],
): Promise<RebuildReport> {
  const main = join(projectDir, 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, 'rebuild', ...words, '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.off('exit', kill);
  if (code !== 0) throw new UserError(`rebuild ${words.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RebuildReport;
}
