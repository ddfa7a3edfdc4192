import { expect, test } from 'vitest';

import { generationOf } from '../../lib/stream/generations.ts';
import { Heads, SliceRows } from './learned.ts';

const generation = generationOf({
  name: 'learning:toy',
  hash: 'h',
  id4: 'Lrn1',
  lineage: 'l',
  code: 'l',
  family: 'item',
  partitions: 3,
});

function store(items: readonly string[]) {
  const values = new Map(items.map((id) => [generation.row(id), Buffer.from(`row of ${id}`)]));
  const asked: string[][] = [];
  return {
    asked,
    redis: {
      mgetMany: async (groups: readonly (readonly string[])[]) => {
        asked.push(...groups.map((group) => [...group]));
        return groups.map((group) => group.map((key) => values.get(key) ?? null));
      },
      getRanges: async (ranges: readonly { key: string; start: number; end: number }[]) => {
        asked.push(ranges.map(({ key }) => key));
        return ranges.map(
          ({ key, start, end }) => values.get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0),
        );
      },
    },
  };
}

test('a row is read once per slice, keys of one partition in one group', async () => {
  const { redis, asked } = store(['a', 'b', 'c', 'd', 'e']);
  const rows = new SliceRows(redis, 1000);
  const [first, second] = await rows.read(generation, [
    ['a', 'b', 'missing'],
    ['b', 'c', 'd', 'e'],
  ]);
  expect([...(first?.keys() ?? [])]).toEqual(['a', 'b']);
  expect(second?.get('c')?.toString()).toBe('row of c');
  for (const group of asked) expect(new Set(group.map((key) => key.slice(0, 4))).size).toBe(1);
  expect(asked.flat().length).toBe(6);
  await rows.read(generation, [['a', 'missing']]);
  expect(asked.flat().length).toBe(6);
});

test('rows past the bound make room, the first read first', async () => {
  const { redis, asked } = store(['a', 'b']);
  const rows = new SliceRows(redis, 8);
  await rows.read(generation, [['a']]);
  await rows.read(generation, [['b']]);
  await rows.read(generation, [['b']]);
  expect(asked.flat().length).toBe(2);
  const [again] = await rows.read(generation, [['a', 'b']]);
  expect(asked.flat().length).toBe(3);
  expect(again?.size).toBe(2);
});

test('a head is kept until its age is over, and a missing one too', async () => {
  const { redis, asked } = store(['a']);
  const heads = new Heads(redis, { ageMsMax: 5000, headsMax: 100 });
  const ids = new Set(['a', 'missing']);
  const first = await heads.read(generation, ids, { bytes: 3, nowMs: 0 });
  expect([...first].map(([id, head]) => [id, head.toString()])).toEqual([['a', 'row']]);
  await heads.read(generation, ids, { bytes: 3, nowMs: 5000 });
  expect(asked.flat().length).toBe(2);
  await heads.read(generation, ids, { bytes: 3, nowMs: 5001 });
  expect(asked.flat().length).toBe(4);
});

test('heads are bounded in number', async () => {
  const { redis } = store([]);
  const heads = new Heads(redis, { ageMsMax: 5000, headsMax: 10 });
  for (let n = 0; n < 50; n++)
    await heads.read(generation, new Set([`i${n}`]), { bytes: 3, nowMs: 0 });
  expect(heads.size).toBeLessThanOrEqual(11);
});
