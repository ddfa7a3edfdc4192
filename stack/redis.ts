import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from './errors.ts';
import type { LocalPart } from './local-part.ts';
import { redisAnswers } from './probes.ts';
import { onPath } from './requirements.ts';
import { redisArguments } from './settings.ts';

/** Older ones lack commands that the services use. */
const lowest = [6, 2] as const;

/** A redis-server that the machine has, if it is new enough; else the downloaded one. */
export function findRedis(path: string, downloaded: string | undefined): string {
  const installed = onPath('redis-server', path);
  if (installed !== undefined && isNewEnough(installed)) return installed;
  if (downloaded !== undefined) return downloaded;
  throw new StackError(
    `Redis 6.2 or later is not installed, and none can be downloaded for ${process.platform} on ${process.arch}.`,
    'apt-get install redis-server (macOS: brew install redis)',
  );
}

function isNewEnough(program: string): boolean {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 3_000 });
    const [, major, minor] = /v=(\d+)\.(\d+)/.exec(said) ?? [];
    return Number(major) > lowest[0] || (Number(major) === lowest[0] && Number(minor) >= lowest[1]);
  } catch {
    return false;
  }
}

export interface RedisOptions {
  readonly program: string;
  /** Whether the program came with the downloads, and so is of version 6.2. */
  readonly downloaded: boolean;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly port: number;
}

export function describeRedis(options: RedisOptions): LocalPart {
  const { dataDir, downloaded, logsDir, port, program } = options;
  mkdirSync(dataDir, { recursive: true });
  // Redis 7 keeps its file in a folder that 6.2 does not know: it would start empty, and say nothing.
  if (downloaded && existsSync(join(dataDir, 'appendonlydir'))) {
    throw new StackError(
      `${dataDir} was written by Redis 7, and there is only 6.2 now.`,
      'apt-get install redis-server, or delete the data with npx freshet down --delete',
    );
  }
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
