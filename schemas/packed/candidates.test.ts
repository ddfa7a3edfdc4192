import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  decodeCandidates,
  decodeCandidatesHead,
  encodeCandidates,
  StoredCandidates,
} from './candidates.ts';

const list = (count: number) => ({
  profileOffset: 2 ** 35 - 1,
  computedAtMs: 1_700_000_000_123,
  newestAtMs: 1_700_000_000_042,
  candidates: Array.from({ length: count }, (_, n) => ({
    itemId: `item-${10_000 + n}`,
    score: 1 / (n + 1),
  })),
});

test('100 candidates with 10-byte ids take at most 1,320 bytes', () =>
  expect(encodeCandidates(list(100)).length).toBeLessThanOrEqual(1320));

test('a list without candidates keeps what stands before them', () => {
  const bytes = encodeCandidates(list(0));
  expect(decodeCandidates(bytes)).toEqual(list(0));
  const { candidates: _, ...head } = list(0);
  expect(decodeCandidatesHead(bytes)).toEqual(head);
});

test('whatever the list, its order is exact and its scores are within 0.04%', () => {
  const lists = fc.record({
    profileOffset: fc.nat(Number.MAX_SAFE_INTEGER),
    computedAtMs: fc.nat(2 ** 47),
    newestAtMs: fc.nat(2 ** 47),
    candidates: fc.array(
      fc.record({
        itemId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        score: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
      }),
      { maxLength: 300 },
    ),
  });
  fc.assert(
    fc.property(lists, (given) => {
      const read = decodeCandidates(encodeCandidates(given));
      expect(read.profileOffset).toBe(given.profileOffset);
      expect(read.candidates.map(({ itemId }) => itemId)).toEqual(
        given.candidates.map(({ itemId }) => itemId),
      );
      for (const [n, { score }] of given.candidates.entries())
        expect(Math.abs((read.candidates[n]?.score ?? 0) / score - 1)).toBeLessThan(0.0004);
    }),
  );
});

test('a score of none, below none or that is no number is none', () => {
  const candidates = [0, -1, Number.NaN].map((score) => ({ itemId: 'a', score }));
  const read = decodeCandidates(encodeCandidates({ ...list(0), candidates }));
  expect(read.candidates.map(({ score }) => score)).toEqual([0, 0, 0]);
});

test('a score too small or too large for the layout is the nearest that it holds', () => {
  const candidates = [1e-30, 1e30].map((score) => ({ itemId: 'a', score }));
  const [small, large] = decodeCandidates(encodeCandidates({ ...list(0), candidates })).candidates;
  expect(small?.score).toBeGreaterThan(0);
  expect(large?.score).toBeGreaterThan(4e9);
});

test('another layout, and bytes cut anywhere, are refused, not misread', () => {
  const bytes = encodeCandidates(list(3));
  expect(() => decodeCandidates(Buffer.concat([Buffer.from([7]), bytes.subarray(1)]))).toThrow(
    'layout 7',
  );
  for (let end = 0; end < bytes.length; end++)
    expect(() => decodeCandidates(bytes.subarray(0, end))).toThrow();
});

test('propensities stand beside the first places, and cost nothing where there are none', () => {
  const plain = list(4).candidates.map(({ itemId, score }) => ({ itemId, score }));
  const [first, second, ...rest] = plain;
  if (first === undefined || second === undefined) throw new Error('too short');
  const candidates = [{ ...first, propensity: 0.75 }, { ...second, propensity: 0.125 }, ...rest];
  const bytes = encodeCandidates({ ...list(4), candidates });
  const read = decodeCandidates(bytes).candidates.map(({ propensity }) => propensity);
  expect(read).toEqual([0.75, 0.125, undefined, undefined]);
  expect(bytes.length - encodeCandidates({ ...list(4), candidates: plain }).length).toBe(9);
  expect(() => decodeCandidates(bytes.subarray(0, -1))).toThrow();
});

test('candidates are the same in whatever order they are asked for, and none is past the end', () => {
  const bytes = encodeCandidates(list(30));
  const all = decodeCandidates(bytes).candidates;
  const places = fc.array(fc.nat(35), { maxLength: 20 });
  fc.assert(
    fc.property(places, (asked) => {
      const stored = new StoredCandidates(bytes);
      expect(stored.length).toBe(all.length);
      for (const n of asked) expect(stored.at(n)).toEqual(all[n]);
      expect(stored.all()).toEqual(all);
    }),
  );
});

test('of each one that was asked for it is said where its id lies', () => {
  const ids = ['a', 'é', 'x'.repeat(255), '長い名前'];
  const candidates = ids.map((itemId, n) => ({ itemId, score: n }));
  const stored = new StoredCandidates(encodeCandidates({ ...list(0), candidates }));
  expect(stored.idAt(0)).toBeUndefined();
  stored.at(2);
  const spelled = [0, 1, 2, 3].map((n) => {
    const { bytes, at, length } = stored.idAt(n) ?? {
      bytes: Buffer.from('none'),
      at: 0,
      length: 4,
    };
    return bytes.toString('utf8', at, at + length);
  });
  expect(spelled).toEqual([...ids.slice(0, 3), 'none']);
});
