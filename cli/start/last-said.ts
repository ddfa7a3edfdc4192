import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const bytesMax = 64 * 1024;
const start = 'freshet: ';

/** The last sentence that a process left in its log about why it ended; null: it left none. */
export function lastSaid(logFile: string): string | null {
  let file: number;
  try {
    file = openSync(logFile, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, bytesMax));
    const read = readSync(file, tail, 0, tail.length, size - tail.length);
    const lines = tail.subarray(0, read).toString('utf8').split('\n');
    return lines.findLast((line) => line.startsWith(start))?.slice(start.length) ?? null;
  } finally {
    closeSync(file);
  }
}
