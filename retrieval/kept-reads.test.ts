import fc from 'fast-check';
import { expect, test } from 'vitest';

import { generationOf } from '../lib/stream/generations.ts';
import { type KeptBounds, KeptReads, keptOverheadBytes, Missing } from './kept-reads.ts';

const generationNamed = (id4: string) =>
  generationOf({
    name: 'n',
    hash: 'h',
    id4,
    lineage: 'l',
    code: 'l',
    family: 'item',
    partitions: 3,
  });
const one = generationNamed('One1');
const two = generationNamed('Two2');
const unbounded: KeptBounds = { ageMsMax: Infinity, bytesMax: Infinity, rowsMax: Infinity };

/** Reads these ids, and says which of them were not kept. */
function read(
  kept: KeptReads,
  ids: readonly string[],
  { nowMs = 0, generation = one, bytes = 10 } = {},
): string[] {
  kept.expire(nowMs);
  const missing = new Missing();
  kept.take({ generation, ids }, missing);
  for (const wanted of missing.wanted) kept.put(wanted, Buffer.alloc(bytes, wanted.id), nowMs);
  return missing.wanted.map(({ id }) => id);
}

test('what was read first goes first, past the number and past the bytes', () => {
  for (const bounds of [{ rowsMax: 3 }, { bytesMax: 3 * (keptOverheadBytes + 10) }]) {
    const kept = new KeptReads({ ...unbounded, ...bounds });
    expect(read(kept, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    // Asked for again, but read first all the same: its age counts from then.
    expect(read(kept, ['a', 'd'], { generation: two })).toEqual(['a', 'd']);
    expect(read(kept, ['c'])).toEqual([]);
    expect(read(kept, ['a', 'd'], { generation: two })).toEqual([]);
    expect(read(kept, ['b'])).toEqual(['b']);
  }
});

test('large rows take the room of many small ones', () => {
  const kept = new KeptReads({ ...unbounded, bytesMax: 10_000 });
  read(kept, ['a', 'b', 'c']);
  read(kept, ['large'], { bytes: 9_800 });
  expect(read(kept, ['large'])).toEqual([]);
  expect(read(kept, ['b', 'c'])).toEqual(['b', 'c']);
});

test('what is older than the stated age is read again, and what a clock that went back left', () => {
  const kept = new KeptReads({ ...unbounded, ageMsMax: 100 });
  read(kept, ['a'], { nowMs: 1_000 });
  read(kept, ['b'], { nowMs: 1_050 });
  expect(read(kept, ['a', 'b'], { nowMs: 1_100 })).toEqual([]);
  expect(read(kept, ['a', 'b'], { nowMs: 1_101 })).toEqual(['a']);
  expect(read(kept, ['a', 'b'], { nowMs: 500 })).toEqual(['a', 'b']);
});

test('what was asked for stays, whoever reads in between; each is read once', () => {
  const kept = new KeptReads({ ...unbounded, rowsMax: 1 });
  read(kept, ['a']);
  const missing = new Missing();
  const found = [kept.take({ generation: one, ids: ['b', 'none', 'a'] }, missing)];
  found.push(kept.take({ generation: one, ids: ['none', 'b'] }, missing));
  read(kept, ['x', 'y']);
  expect(missing.wanted.map(({ key }) => key)).toEqual([one.row('b'), one.row('none')]);
  for (const wanted of missing.wanted)
    kept.put(wanted, wanted.id === 'none' ? null : Buffer.from(wanted.id), 0);
  expect(found.map((rows) => [...rows.keys()])).toEqual([['b', 'a'], ['b']]);
});

test("a user's own row is read whenever it is asked for", () => {
  const kept = new KeptReads(unbounded);
  const ask = { generation: one, ids: ['u'], owner: 'u' };
  for (const version of ['first', 'second']) {
    const missing = new Missing();
    const found = kept.take(ask, missing);
    for (const wanted of missing.wanted) kept.put(wanted, Buffer.from(version), 0);
    expect(String(found.get('u'))).toBe(version);
  }
});

test('what two read at once counts once, from the later', () => {
  const kept = new KeptReads({ ageMsMax: 100, bytesMax: Infinity, rowsMax: 2 });
  const both = [0, 50].map((nowMs) => {
    const missing = new Missing();
    kept.take({ generation: one, ids: ['a'] }, missing);
    return { nowMs, missing };
  });
  for (const { nowMs, missing } of both)
    for (const wanted of missing.wanted) kept.put(wanted, Buffer.from('a'), nowMs);
  read(kept, ['b'], { nowMs: 60 });
  expect(read(kept, ['a', 'b'], { nowMs: 101 })).toEqual([]);
});

test('whatever is read, no more is kept than the bounds say, and nothing that is too old', () => {
  const step = fc.record({
    ids: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 6 }),
    laterMs: fc.integer({ min: 0, max: 40 }),
    generation: fc.constantFrom(one, two),
    bytes: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const bounds = { ageMsMax: 100, bytesMax: 2_000, rowsMax: 8 };
      const kept = new KeptReads(bounds);
      /** In the order of reading: a plain list that is searched. */
      let model: { key: string; atMs: number; size: number }[] = [];
      let nowMs = 0;
      for (const { ids, laterMs, generation, bytes } of steps) {
        nowMs += laterMs;
        model = model.filter(({ atMs }) => nowMs - atMs <= bounds.ageMsMax);
        const expected = [...new Set(ids)].filter(
          (id) => !model.some(({ key }) => key === generation.row(id)),
        );
        expect(read(kept, ids, { nowMs, generation, bytes })).toEqual(expected);
        for (const id of expected)
          model.push({ key: generation.row(id), atMs: nowMs, size: keptOverheadBytes + bytes });
        const size = (): number => model.reduce((sum, row) => sum + row.size, 0);
        while (model.length > bounds.rowsMax || size() > bounds.bytesMax) model.shift();
      }
    }),
  );
});
