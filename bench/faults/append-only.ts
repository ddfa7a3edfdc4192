import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

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

/** How much has been written so far. */
export const appendedBytes = (dataDir: string): number => statSync(newestFile(dataDir)).size;

/**
 * Cuts the end of the append-only file of a stopped Redis, wherever that falls: it goes back to
 * the last whole command itself, or to before the script that the command was part of.
 */
export function cutTail(dataDir: string, bytes: number): void {
  truncateSync(newestFile(dataDir), Math.max(0, appendedBytes(dataDir) - bytes));
}
