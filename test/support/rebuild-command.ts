import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { RebuildOptions } from '../../cli/rebuild/rebuild.ts';
import type { RebuildReport } from '../../cli/rebuild/report.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { projectDir } from '../../lib/config/state-file.ts';

/** For what is built within the test, said nothing of and never broken off. */
export const quietly = (config: CommonConfig): RebuildOptions => ({
  config,
  from: null,
  back: false,
  switches: true,
  differMax: null,
  keepMs: 60_000,
  say: () => undefined,
  signal: new AbortController().signal,
});

export interface RebuildEnded {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly reports: readonly RebuildReport[];
}

/** The command, as a user gives it. */
export async function runRebuild(
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<RebuildEnded> {
  const main = join(projectDir, 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, 'rebuild', ...words, '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  const lines = stdout.split('\n').filter((line) => line !== '');
  const reports = code === 0 ? lines.map((line) => JSON.parse(line) as RebuildReport) : [];
  return { code, signal, stderr, reports };
}
