import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openInputFile } from './input-file.ts';
import { rowsOf } from './rows.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-input-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

async function rowsIn(path: string): Promise<number> {
  const file = await openInputFile(path);
  let count = 0;
  for await (const rows of rowsOf(file)) count += rows.length;
  return count;
}

const lines = '{"user_id":"u1"}\n'.repeat(1_000);

describe('a file of rows', () => {
  test('is read plain or as gzip, whatever its name', async () => {
    expect(await rowsIn(written('a.jsonl', lines))).toBe(1_000);
    expect(await rowsIn(written('a.jsonl.gz', gzipSync(lines)))).toBe(1_000);
    expect(await rowsIn(written('a', gzipSync(lines)))).toBe(1_000);
  });

  test('is refused where it is called .gz and is not', async () => {
    await expect(openInputFile(written('b.csv.gz', 'notgz'))).rejects.toThrow('is not gzip');
    await expect(openInputFile(written('c.csv.gz', ''))).rejects.toThrow('is not gzip');
  });

  test('is said to be missing where there is none of that name', async () => {
    const none = join(folder, 'none.csv');
    await expect(openInputFile(none)).rejects.toThrow(`there is no file ${none}`);
    await expect(openInputFile(folder)).rejects.toThrow('is a folder, not a file');
  });

  test.each([1, 3, 40])('is refused where its last %i bytes are missing', async (missing) => {
    const cut = written('d.jsonl.gz', gzipSync(lines).subarray(0, -missing));
    await expect(rowsIn(cut)).rejects.toThrow(/cannot read .*d\.jsonl\.gz: unexpected end/);
  });
});
