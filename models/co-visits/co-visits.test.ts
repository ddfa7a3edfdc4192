import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signal, SignalContext } from '../model.ts';
import { coVisits } from './co-visits.ts';
import { learningSchema } from './config.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { neighbourhoods } from './rows.ts';
import { idAt } from './stored-row.ts';
import { headBytes, cellBytes } from './layout.ts';
import { visitedOther } from '../visits.ts';

const day = 86_400_000;
const sideOf = (learning: object) => coVisits.itemSide(learningSchema.parse(learning));
const own = (...others: string[]): Signal => ({
  item: 'a',
  others,
  notes: others.map((_, index) => index + 1),
});
const seenWith = (other: string): Signal => ({
  item: 'a',
  others: [other],
  notes: [1 | visitedOther],
});
const context = (atMs: number, type = 'view'): SignalContext => ({ atMs, clock: 0, type });

/** Folds signals into one row, with the stored form between them wherever `cuts` says so. */
const fold = (
  learning: object,
  steps: readonly (readonly [Signal, SignalContext])[],
  cuts: (index: number) => boolean = () => false,
): Buffer => {
  const side = sideOf(learning);
  let row: unknown;
  let stored: Buffer | undefined;
  const save = (): void => {
    if (row === undefined) return;
    const write = side.rows.encode(row);
    if ('whole' in write) stored = Buffer.from(write.whole);
    else
      for (const patch of write.patches) {
        expect(patch.at + patch.bytes.length).toBeLessThanOrEqual(stored?.length ?? 0);
        patch.bytes.copy(stored as Buffer, patch.at);
      }
  };
  for (const [index, [signal, at]] of steps.entries()) {
    row = side.learn(row, signal, at) ?? row;
    if (!cuts(index)) continue;
    save();
    row = stored === undefined ? undefined : side.rows.decode(Buffer.from(stored));
  }
  save();
  return stored ?? Buffer.alloc(0);
};

const cellsOf = (stored: Buffer): Record<string, { weight: number; error: number }> => {
  const row = neighbourhoods.decode(stored) as Neighbourhood;
  const cells: Record<string, { weight: number; error: number }> = {};
  for (let cell = 0; cell < row.used; cell++) {
    const start = headBytes + cell * cellBytes(row.words);
    cells[idAt(row.bytes, start + 8, start + cellBytes(row.words))] = {
      weight: row.floats[start / 4] as number,
      error: row.floats[start / 4 + 1] as number,
    };
  }
  return cells;
};

const id = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => `i${n}`),
  fc.constantFrom('a', 'a-rather-long-identifier', 'Größe', '商品-1', 'ab', 'abcdefgh', ''),
);
const step = fc.record({
  others: fc.array(id, { maxLength: 10 }),
  ownVisit: fc.boolean(),
  days: fc.integer({ min: 0, max: 3_000 }),
  type: fc.constantFrom('view', 'purchase', 'ignored'),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const given = ({ others, ownVisit, days, type }: Step): readonly [Signal, SignalContext] => [
  ownVisit ? own(...new Set(others)) : seenWith(others[0] ?? 'b'),
  context(1.7e12 + days * day + days * 977, type),
];

describe('a co-visits row', () => {
  test('is the same wherever the log was cut', () => {
    const learning = { neighboursMax: 20, typeWeights: { purchase: 3.3, ignored: 0 } };
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60 }),
        (steps, cuts) => {
          const all = steps.map(given);
          const once = fold(learning, all);
          expect(fold(learning, all, (index) => cuts[index] as boolean).equals(once)).toBe(true);
          expect(fold(learning, all, () => true).equals(once)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('counts visits and neighbours as the reference does', () => {
    const stored = fold({ halfLifeDays: null }, [
      [own(), context(0)],
      [own('b', 'c'), context(1)],
      [seenWith('b'), context(2)],
      [own('a', 'b'), context(3)],
    ]);
    const row = neighbourhoods.decode(stored) as Neighbourhood;
    expect([row.own, row.visits]).toEqual([3, 3]);
    expect(cellsOf(stored)).toEqual({
      a: { weight: 1, error: 0 },
      b: { weight: 3, error: 0 },
      c: { weight: 1, error: 0 },
    });
  });

  test('leaves the item itself out when repeats are not wanted', () => {
    const stored = fold({ repeats: false }, [[own('a', 'b'), context(0)]]);
    expect(Object.keys(cellsOf(stored))).toEqual(['b']);
  });

  test('counts an event half after one half-life, far beyond the range of a float', () => {
    const times = [0, 1, 40, 41, 500, 501].map((halfLife) => 1.7e12 + halfLife * day);
    const stored = fold(
      { halfLifeDays: 1 },
      times.map((atMs) => [own('b'), context(atMs)] as const),
    );
    const row = neighbourhoods.decode(stored) as Neighbourhood;
    const unit = 2 ** ((times[5] as number) / day - row.epoch);
    expect(row.own / unit).toBeCloseTo(1.5, 10);
    expect((cellsOf(stored)['b']?.weight as number) / unit).toBeCloseTo(1.5, 6);
  });

  test('keeps every neighbour above its share, and states how wrong a weight can be', () => {
    const pairs = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(pairs, (numbers) => {
        const stored = fold(
          { halfLifeDays: null, neighboursMax: 8 },
          numbers.map((n) => [seenWith(`i${n}`), context(0)] as const),
        );
        const cells = cellsOf(stored);
        expect(Object.keys(cells).length).toBeLessThanOrEqual(8);
        const sum = Object.values(cells).reduce((all, cell) => all + cell.weight + cell.error, 0);
        expect(sum).toBe(numbers.length);
        for (let n = 0; n <= 30; n++) {
          const truth = numbers.filter((other) => other === n).length;
          const cell = cells[`i${n}`];
          if (cell === undefined) expect(truth).toBeLessThanOrEqual(numbers.length / 8);
          else {
            expect(cell.weight).toBeLessThanOrEqual(truth);
            expect(truth).toBeLessThanOrEqual(cell.weight + cell.error);
          }
        }
      }),
    );
  });

  test('patches a large row that changed little, and writes one whole that changed much', () => {
    const side = sideOf({});
    const names = Array.from({ length: 150 }, (_, index) => `i${index}`);
    let row = side.learn(undefined, own(...names), context(0));
    expect(side.rows.encode(row)).toHaveProperty('whole');
    expect(side.rows.encode(row)).toEqual({ patches: [] });
    row = side.learn(row, seenWith('i70'), context(0));
    const write = side.rows.encode(row);
    expect('patches' in write && write.patches.map(({ bytes }) => bytes.length)).toEqual([16]);
    row = side.learn(row, own(...names.slice(0, 90)), context(0));
    expect(side.rows.encode(row)).toHaveProperty('whole');
  });

  test('refuses bytes of another layout', () => {
    const stored = fold({}, [[own('b'), context(0)]]);
    expect(() => neighbourhoods.decode(stored.subarray(0, 60))).toThrow('unknown layout');
  });
});
