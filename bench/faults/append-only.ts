import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** What a Redis that is not running would lose with the end of its disk. */
export interface Cut {
  readonly file: string;
  readonly bytes: number;
}

/** Redis 7 keeps a folder of files, of which the newest increment grows; Redis 6 has one file. */
function newestFile(dataDir: string): string {
  const folder = join(dataDir, 'appendonlydir');
  if (!existsSync(folder)) return join(dataDir, 'appendonly.aof');
  const number = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? -1);
  const newest = readdirSync(folder)
    .toSorted((a, b) => number(a) - number(b))
    .at(-1);
  if (newest === undefined || number(newest) < 0) throw new Error(`no increment in ${folder}`);
  return join(folder, newest);
}

/**
 * Cuts the last `share` of the append-only file of a stopped Redis, wherever that falls: it goes
 * back to the last whole command itself, or to before the script that the command was part of.
 */
export function cutTail(dataDir: string, share: number): Cut {
  const file = newestFile(dataDir);
  const { size } = statSync(file);
  const bytes = Math.floor(size * share);
  truncateSync(file, size - bytes);
  return { file, bytes };
}
