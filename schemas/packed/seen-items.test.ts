import { expect, test } from 'vitest';

import { anyKind, kindBit, kindsMask, listSeen, readSeen } from './seen-items.ts';

const types = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating', 'share', 'save', 'x'];

function pack(completeFrom: number, ...items: [second: number, kinds: number, id: string][]) {
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeUInt32LE(completeFrom, 1);
  const entries = items.map(([second, kinds, itemId]) => {
    const entry = Buffer.from([0, 0, 0, 0, kinds, Buffer.byteLength(itemId)]);
    entry.writeUInt32LE(second);
    return Buffer.concat([entry, Buffer.from(itemId)]);
  });
  return Buffer.concat([head, ...entries]);
}

test('a user without a value has seen nothing, and nothing was cut', () => {
  const seen = readSeen(null);
  expect(seen.has('a', anyKind, 0)).toBe(false);
  expect(seen.since).toBeNull();
});

test('a user past the horizon counts as one of whom nothing is kept, swept or not', () => {
  const row = pack(7, [100, 1, 'a']);
  const horizonMs = 50_000;
  for (const bytes of [row, null]) {
    const seen = readSeen(bytes, { horizonMs, newestMs: 151_000 });
    expect([seen.size, seen.since, seen.has('a', anyKind, 0)]).toEqual([0, 101_000, false]);
  }
  // Seen at 100.999 at the latest: so much is kept of a time.
  const kept = readSeen(row, { horizonMs, newestMs: 150_999 });
  expect([kept.size, kept.since, kept.has('a', 1, 0)]).toEqual([1, 7000, true]);
  expect(readSeen(null, { horizonMs, newestMs: 50_000 }).since).toBeNull();
});

test('an item is seen by its kinds, and until the second in which it was last seen ends', () => {
  const seen = readSeen(pack(7, [100, 1, 'a'], [90, 16, 'b']));
  expect(seen.size).toBe(2);
  expect(seen.since).toBe(7000);
  expect(seen.has('a', 1, 0)).toBe(true);
  expect(seen.has('a', 16, 0)).toBe(false);
  expect(seen.has('b', 17, 90_999)).toBe(true);
  expect(seen.has('b', 17, 91_000)).toBe(false);
  expect(seen.has('c', anyKind, 0)).toBe(false);
});

test('2,000 items are all found, and no others', () => {
  const items = Array.from({ length: 2000 }, (_, i) => [9000 - i, 2, `i${i}`] as const);
  const seen = readSeen(pack(0, ...items.map((item) => [...item] as [number, number, string])));
  expect(seen.size).toBe(2000);
  for (let i = 0; i < 2000; i++) expect(seen.has(`i${i}`, 2, 0)).toBe(true);
  for (let i = 2000; i < 4000; i++) expect(seen.has(`i${i}`, 2, 0)).toBe(false);
});

test('rows that are asked in turns answer for themselves, whatever their ids are made of', () => {
  const ids = ['a', 'ab', 'b', 'é', 'éa', '長い名前', 'x'.repeat(255)];
  const rows = ids.map((id, n) => readSeen(pack(0, [n + 1, 1, id])));
  for (let round = 0; round < 2; round++)
    for (const [n, row] of rows.entries())
      expect(ids.map((id) => row.has(id, anyKind, 0))).toEqual(ids.map((_, at) => at === n));
});

test('an id is found where it lies in other bytes as it is by its letters', () => {
  const ids = ['a', 'ab', 'b', 'é', '長い名前', 'x'.repeat(255)];
  const seen = readSeen(pack(0, ...ids.map((id): [number, number, string] => [9, 1, id])));
  for (const id of [...ids, 'c', 'ba', 'x'.repeat(254)]) {
    const bytes = Buffer.from(`--${id}--`);
    const stored = { bytes, at: 2, length: bytes.length - 4 };
    expect([id, seen.has(id, 1, 0, stored)]).toEqual([id, ids.includes(id)]);
    expect([id, seen.has(id, 1, 0)]).toEqual([id, ids.includes(id)]);
  }
  expect(seen.has('x'.repeat(256), 1, 0)).toBe(false);
});

test('a row that was changed in place is read anew', () => {
  const row = pack(0, [1, 1, 'a']);
  expect(readSeen(row).has('a', anyKind, 0)).toBe(true);
  row.write('b', row.length - 1);
  expect(['a', 'b'].map((id) => readSeen(row).has(id, anyKind, 0))).toEqual([false, true]);
});

test('a kind past the seventh shares the last bit, and no kinds means any', () => {
  expect(kindBit(types, 'view')).toBe(1);
  expect(kindBit(types, 'share')).toBe(64);
  expect(kindBit(types, 'save')).toBe(128);
  expect(kindBit(types, 'unheard-of')).toBe(128);
  expect(kindsMask(types, ['purchase', 'x'])).toBe(16 | 128);
  expect(kindsMask(types, [])).toBe(0xff);
});

test('another layout and cut bytes are refused, not misread', () => {
  const bytes = pack(0, [1, 1, 'abc']);
  expect(() => readSeen(Buffer.concat([Buffer.from([9]), bytes.subarray(1)]))).toThrow('layout 9');
  const cut = readSeen(bytes.subarray(0, -1));
  for (let again = 0; again < 2; again++)
    expect(() => cut.has('abc', anyKind, 0)).toThrow('cut short');
  expect(() => cut.size).toThrow('cut short');
  expect(() => listSeen(bytes.subarray(0, 7))).toThrow();
});
