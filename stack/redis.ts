import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from './errors.ts';
import type { LocalPart } from './local-part.ts';
import { redisAnswers } from './probes.ts';
import { onPath } from './requirements.ts';
import { redisArguments } from './settings.ts';

/**
 * Older ones cannot tell reading a key from writing it, which `freshet acl print` does; and do not
 * know the folder in which 7 keeps its file, so that they would start empty and say nothing.
 */
const majorLowest = 7;

/** A redis-server that the machine has, if it is new enough; else the downloaded one. */
export function findRedis(path: string, downloaded: string | undefined): string {
  const installed = onPath('redis-server', path);
  if (installed !== undefined && isNewEnough(installed)) return installed;
  if (downloaded !== undefined) return downloaded;
  throw new StackError(
    `Redis ${majorLowest} or later is not installed, and none can be downloaded for ${process.platform} on ${process.arch}.`,
    'apt-get install redis-server (macOS: brew install redis)',
  );
}

function isNewEnough(program: string): boolean {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 3_000 });
    return Number(/v=(\d+)\./.exec(said)?.[1] ?? 0) >= majorLowest;
  } catch {
    return false;
  }
}

export interface RedisOptions {
  readonly program: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly port: number;
}

export function describeRedis(options: RedisOptions): LocalPart {
  const { dataDir, logsDir, port, program } = options;
  mkdirSync(dataDir, { recursive: true });
  return {
    name: 'redis',
    title: 'Redis',
    command: program,
    args: [
      ...`--bind 127.0.0.1 --port ${port}`.split(' '),
      '--dir',
      dataDir,
      // A list of processes then shows whose it is.
      '--set-proc-title',
      'no',
      ...redisArguments,
    ],
    dir: dataDir,
    logFile: join(logsDir, 'redis.log'),
    answers: async () => redisAnswers(port),
  };
}
