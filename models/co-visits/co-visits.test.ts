import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signal, SignalContext } from '../model.ts';
import { coVisits } from './co-visits.ts';
import { learningSchema } from './config.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { neighbourhoods } from './rows.ts';
import { idAt } from './stored-row.ts';
import { headBytes, cellBytes } from './layout.ts';
import { sameSession, visitedOther } from '../visits.ts';

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

  test('keeps the stated bound with decay, types and distances too', () => {
    const pair = fc.record({
      n: fc.integer({ min: 0, max: 30 }),
      days: fc.integer({ min: 0, max: 400 }),
      note: fc.integer({ min: 1, max: 0xff }),
      type: fc.constantFrom('view', 'purchase'),
    });
    const learning = {
      halfLifeDays: 10,
      neighboursMax: 8,
      typeWeights: { purchase: 7.5 },
      distanceHalf: 5,
      within: 'session',
    };
    fc.assert(
      fc.property(fc.array(pair, { minLength: 30, maxLength: 300 }), (pairs) => {
        const truths = new Map<string, number>();
        let all = 0;
        for (const { n, days, note, type } of pairs) {
          if ((note & sameSession) === 0) continue;
          const near = 1 / (1 + Math.max(0, (note & 0x3f) - 1) / 5);
          const weight = 2 ** (days / 10) * near * (type === 'purchase' ? 7.5 : 1);
          truths.set(`i${n}`, (truths.get(`i${n}`) ?? 0) + weight);
          all += weight;
        }
        const stored = fold(
          learning,
          pairs.map(({ n, days, note, type }) => [
            { item: 'a', others: [`i${n}`], notes: [note] },
            context(days * day, type),
          ]),
        );
        if (stored.length === 0) return;
        const { epoch } = neighbourhoods.decode(stored) as Neighbourhood;
        const rounding = all * 2e-5;
        const cells = cellsOf(stored);
        for (const [id, truth] of truths) {
          const cell = cells[id];
          if (cell === undefined) expect(truth).toBeLessThanOrEqual(all / 8 + rounding);
          else {
            const weight = cell.weight * 2 ** epoch;
            expect(weight).toBeLessThanOrEqual(truth + rounding);
            expect(truth - weight).toBeLessThanOrEqual(cell.error * 2 ** epoch + rounding);
          }
        }
      }),
    );
  });

  const pairsOf = (learning: object, signals: readonly Signal[]): Record<string, number> => {
    const steps = signals.map((signal) => [signal, context(0)] as const);
    const cells = Object.entries(cellsOf(fold({ halfLifeDays: null, ...learning }, steps)));
    return Object.fromEntries(cells.map(([other, { weight }]) => [other, weight]));
  };
  const noted = (other: string, note: number): Signal => ({
    item: 'a',
    others: [other],
    notes: [note],
  });

  test('counts pairs of one session alone where that is asked for', () => {
    const signals = [noted('b', 1 | sameSession), noted('c', 1), noted('d', 1 | visitedOther)];
    expect(pairsOf({}, signals)).toEqual({ b: 1, c: 1, d: 1 });
    expect(pairsOf({ within: 'session' }, signals)).toEqual({ b: 1 });
  });

  test('counts what came after alone where that is asked for, a return among it', () => {
    const signals = [noted('b', 1), noted('c', 1 | visitedOther), noted('a', 3)];
    expect(pairsOf({ direction: 'after' }, signals)).toEqual({ a: 1, c: 1 });
    expect(pairsOf({ direction: 'after', repeats: false }, signals)).toEqual({ c: 1 });
  });

  test('counts near pairs more, and far ones not at all, where that is asked for', () => {
    const signals = [noted('b', 1), noted('c', 6), noted('d', 0x3f)];
    expect(pairsOf({}, signals)).toEqual({ b: 1, c: 1, d: 1 });
    expect(pairsOf({ distanceMax: 6 }, signals)).toEqual({ b: 1, c: 1 });
    expect(pairsOf({ distanceHalf: 5, distanceMax: 6 }, signals)).toEqual({ b: 1, c: 0.5 });
  });

  test('stays as it is stored where a signal teaches nothing, however late it comes', () => {
    const side = sideOf({ halfLifeDays: 1, within: 'session' });
    const row = side.learn(undefined, own(), context(0));
    expect(side.rows.encode(row)).toHaveProperty('whole');
    // 300 half-lives later: an event that teaches would move the row's unit.
    expect(side.learn(row, seenWith('b'), context(300 * day))).toBeNull();
    expect(side.rows.encode(row)).toEqual({ patches: [] });
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
