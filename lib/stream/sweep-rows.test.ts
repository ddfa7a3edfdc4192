import { expect, test } from 'vitest';

import { formatHeader } from './header.ts';
import { type Chunk, emptyTally, isPast, lookAtRows, sweepChunk } from './sweep-rows.ts';

const header = Buffer.from(
  formatHeader({ offsets: [9], hashes: ['a1b2c3d4'], marks: [[]], newestMs: [100] }),
);
const keysOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `{t}y${n}`);

/** A chunk of rows that have all expired; `refuses` says which removals come too late. */
function chunkOf(count: number, refuses: (attempt: number) => boolean, dryRun = false) {
  const looks: number[] = [];
  const removed: string[] = [];
  let attempts = 0;
  const chunk: Chunk = {
    headerKey: '{t}Yh',
    keys: keysOf(count),
    dryRun,
    look: async (keys) => {
      looks.push(keys.length);
      return { header, rows: keys.length, expired: keys };
    },
    store: {
      remove: async ({ keys, expected }) => {
        expect(expected).toBe(header.toString());
        attempts += 1;
        if (refuses(attempts)) return 'refused';
        removed.push(...keys);
        return { rows: keys.length, bytes: 10 * keys.length };
      },
    },
  };
  return { chunk, looks, removed };
}

test('what is refused is looked at again, at half as many', async () => {
  const tally = emptyTally();
  const { chunk, looks, removed } = chunkOf(8, (attempt) => attempt === 1 || attempt === 3);
  await sweepChunk(chunk, tally);
  expect(looks).toEqual([8, 4, 4, 2, 2]);
  expect(removed.toSorted()).toEqual(keysOf(8));
  expect(tally).toEqual({ looked: 8, expired: 8, deleted: 8, left: 0, bytes: 80 });
});

test('a partition that never stands still is left to the next sweep', async () => {
  const tally = emptyTally();
  const { chunk, looks } = chunkOf(100, () => true);
  await sweepChunk(chunk, tally);
  expect(looks).toHaveLength(1 + 2 + 4 + 8 + 16);
  expect(tally).toEqual({ looked: 100, expired: 100, deleted: 0, left: 100, bytes: 0 });
});

test('a dry run deletes nothing', async () => {
  const tally = emptyTally();
  const { chunk, removed } = chunkOf(3, () => false, true);
  await sweepChunk(chunk, tally);
  expect(removed).toEqual([]);
  expect(tally).toEqual({ looked: 3, expired: 3, deleted: 0, left: 0, bytes: 0 });
});

test('a row is past the horizon once its newest event lies further back, and not before', () => {
  const past = (lastMs: number) =>
    isPast({ horizonMs: 20, lastMs: () => lastMs }, Buffer.alloc(0), 100);
  expect([79, 80, 81].map(past)).toEqual([true, false, false]);
});

test('header and rows are of one command; what cannot be read stays, and nothing yet folded', async () => {
  const rows = new Map([
    ['{t}y0', Buffer.from([50])],
    ['{t}y2', Buffer.from([90])],
    ['{t}y3', Buffer.alloc(0)],
  ]);
  const asked: (readonly string[])[] = [];
  const look = (stored: Buffer | null) =>
    lookAtRows(
      {
        headerKey: '{t}Yh',
        horizonMs: 20,
        lastMs: (row) => row.readUInt8(0),
        store: {
          load: async (keys) => {
            asked.push(keys);
            return keys.map((key) => (key === '{t}Yh' ? stored : (rows.get(key) ?? null)));
          },
        },
      },
      keysOf(4),
    );
  expect(await look(header)).toEqual({ header, rows: 3, expired: ['{t}y0'] });
  expect(await look(null)).toEqual({ header: null, rows: 3, expired: [] });
  expect(asked[0]).toEqual(['{t}Yh', ...keysOf(4)]);
});
