import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { StackError } from './errors.ts';

/**
 * Makes a folder and those above it. One at a time: Node's own recursive mkdir never returns where
 * a file system says ENOENT for what it will not make, as /proc does.
 */
export function makeWritable(folder: string): void {
  try {
    const missing: string[] = [];
    for (let at = folder; !existsSync(at); at = dirname(at)) missing.push(at);
    for (const at of missing.toReversed()) makeOne(at);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new StackError(
      `cannot write ${folder}: ${reasons[code] ?? code}.`,
      'choose another folder with --data-dir',
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of it is a file',
  EEXIST: 'a part of it is a file',
  ENOENT: 'no folder can be made there',
};

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have been first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
