import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { messageOf, UserError } from '../../lib/errors.ts';

/** A file of rows, with what its rows' ids are made from. */
export interface InputFile {
  /** As the user named it; '-' is standard input. */
  readonly name: string;
  /** First 16 hexadecimal digits of the SHA-256 of the file as it lies there (compressed or not). */
  readonly sha16: string;
  /** The content, decompressed; can be read several times. */
  open(): Readable;
  /** Deletes the copy that was made of standard input. */
  close(): void;
}

/**
 * Ids are made from the whole file's hash, so standard input is copied to a file first: nothing
 * can be published before its last byte is there.
 */
export async function openInputFile(name: string): Promise<InputFile> {
  const copy = name === '-' ? join(tmpdir(), `freshet-stdin-${process.pid}`) : null;
  const hash = createHash('sha256');
  if (copy === null) await hashFile(name, hash);
  else await copyStdin(copy, hash);
  const path = copy ?? name;
  const compressed = isGzip(path);
  if (!compressed && name.endsWith('.gz')) throw new UserError(`${name} is not gzip`);
  return {
    name,
    sha16: hash.digest('hex').slice(0, 16),
    open: () => (compressed ? gunzip(path) : createReadStream(path)),
    close: () => {
      if (copy !== null) rmSync(copy, { force: true });
    },
  };
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw new UserError(`${path} is a folder, not a file`);
    await pipeline(createReadStream(path), hashing(hash), drain);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UserError(`there is no file ${path}`);
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

async function copyStdin(path: string, hash: Hash): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Reading from the terminal; end with Ctrl-D.\n');
  await pipeline(process.stdin, hashing(hash), createWriteStream(path, { mode: 0o600 }));
}

const hashing = (hash: Hash): PassThrough => {
  const through = new PassThrough();
  through.on('data', (chunk: Buffer) => hash.update(chunk));
  return through;
};

async function drain(source: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of source) void chunk;
}

function isGzip(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(2);
    return readSync(file, magic, 0, 2, 0) === 2 && magic.readUInt16BE(0) === 0x1f8b;
  } finally {
    closeSync(file);
  }
}

function gunzip(path: string): Readable {
  const source = createReadStream(path);
  const plain = createGunzip();
  source.once('error', (error) => plain.destroy(error));
  plain.once('close', () => source.destroy());
  return source.pipe(plain);
}
