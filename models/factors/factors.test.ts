import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Learned, OwnItem, PersonalRetrieval, Signal } from '../model.ts';
import { profileOf, visitedOnce } from '../profile.ts';
import { visitedOther, visits } from '../visits.ts';
import { learningSchema, retrievalSchema } from './config.ts';
import { factors } from './factors.ts';
import { addIndexVector } from './index-vector.ts';
import { directionOf, emptyRow, factorRows, type FactorRow, rowBytes } from './row.ts';

const day = 86_400_000;
const world = { items: null, weights: null };
const nobody = { user: '', session: '' };
type Visit = readonly [user: string, item: string, atMs: number];

/** What is learned of a log of visits, as it is stored. */
const learn = (log: readonly Visit[], learning: object = {}): Learned => {
  const side = factors.itemSide(learningSchema.parse(learning));
  const rows = new Map<string, unknown>();
  const ranking = side.ranking?.empty();
  const recents = new Map<string, OwnItem[]>();
  for (const [user, itemId, atMs] of log) {
    const known = recents.get(user) ?? [];
    for (const signal of visits.signals(itemId, atMs, known, nobody)) {
      const row = side.learn(rows.get(signal.item), signal, { atMs, clock: 0, type: 'view' });
      if (row === null) continue;
      rows.set(signal.item, row);
      side.ranking?.place(ranking, signal.item, row);
    }
    const others = known.filter((one) => one.itemId !== itemId);
    recents.set(user, [visitedOnce({ itemId, atMs, type: 'view' }), ...others].slice(0, 10));
  }
  const whole = (write: { readonly whole: Buffer } | { readonly patches: unknown }): Buffer =>
    'whole' in write ? write.whole : Buffer.alloc(0);
  return {
    rows: new Map([...rows].map(([item, row]) => [item, whole(side.rows.encode(row))])),
    heads: new Map(),
    rankings: side.ranking === null ? [] : [whole(side.ranking.encode(ranking))],
  };
};

const listFor = (learned: Learned, ids: readonly string[], config: object = {}) => {
  const retrieval = factors.retrieval(
    learningSchema.parse({}),
    retrievalSchema.parse(config),
  ) as PersonalRetrieval;
  const recents = ids.map((itemId) => visitedOnce({ itemId, atMs: day, type: 'view' }));
  const profile = profileOf('u', recents);
  const rows = new Map(
    [...learned.rows].filter(([id]) => retrieval.wants(profile)[0]?.includes(id)),
  );
  const first = { ...learned, rows, heads: new Map() };
  const figures = retrieval.figures(profile, [first], world)[0] ?? [];
  const heads = new Map(figures.map((id) => [id, learned.rows.get(id) as Buffer]));
  return { figures, list: retrieval.rank(profile, [{ ...first, heads }], world) };
};

describe('index vectors', () => {
  test('are the same for the same id, and nearly at right angles for two', () => {
    const vectorOf = (id: string): Float32Array => {
      const vector = new Float32Array(64);
      addIndexVector(vector, id, 1);
      return vector;
    };
    const vectors = Array.from({ length: 300 }, (_, n) => vectorOf(`item-${n}`));
    expect(vectorOf('item-7')).toEqual(vectors[7]);
    let squares = 0;
    for (let a = 0; a < vectors.length; a++)
      for (let b = 0; b < a; b++) {
        const [x, y] = [vectors[a] as Float32Array, vectors[b] as Float32Array];
        const product = x.reduce((sum, value, at) => sum + value * (y[at] as number), 0);
        squares += (product / 8) ** 2;
      }
    // Random directions of 64 dimensions: a mean square cosine of 1/64.
    const mean = squares / ((vectors.length * (vectors.length - 1)) / 2);
    expect(mean).toBeGreaterThan(0.7 / 64);
    expect(mean).toBeLessThan(1.4 / 64);
  });

  test('add up: what was added comes out again', () => {
    const vector = new Float32Array(16);
    addIndexVector(vector, 'a', 2);
    addIndexVector(vector, 'a', -2);
    expect([...vector].every((value) => value === 0)).toBe(true);
  });
});

describe('a factor', () => {
  const signal = (others: readonly string[], note = 1): Signal => ({
    item: 'i',
    others,
    notes: others.map(() => note),
  });
  const fold = (learning: object, steps: readonly (readonly [Signal, number, string?])[]) => {
    const side = factors.itemSide(learningSchema.parse(learning));
    let row: unknown;
    for (const [given, atMs, type = 'view'] of steps)
      row = side.learn(row, given, { atMs, clock: 0, type }) ?? row;
    return row as FactorRow;
  };

  test('is the sum of what its item was visited with, near pairs and the newest most', () => {
    const expected = new Float32Array(64);
    addIndexVector(expected, 'a', 0.5);
    addIndexVector(expected, 'b', 0.25);
    addIndexVector(expected, 'c', 1);
    const learning = { halfLifeDays: 1, distanceHalf: 5, selfWeight: 0 };
    const row = fold(learning, [
      [signal(['a'], 1), 0],
      [signal(['b'], 6 | visitedOther), 0],
      [signal(['c'], 1), day],
    ]);
    const factor = row.factor.map((value) => value / 2 ** (1 - row.epoch));
    expect([...factor]).toEqual([...expected]);
  });

  test('does not grow towards itself when a user comes back to its item', () => {
    const learning = { selfWeight: 0 };
    const back = fold(learning, [[signal(['i', 'a']), 0]]);
    expect([...back.factor]).toEqual([...fold(learning, [[signal(['a']), 0]]).factor]);
  });

  test('fades over any time, and a late event counts as little as its age says', () => {
    const apart = (days: number) =>
      fold({ halfLifeDays: 1, selfWeight: 0 }, [
        [signal(['a']), 0],
        [signal(['b']), days * day],
        [signal(['c']), 0],
      ]);
    const expected = new Float32Array(64);
    addIndexVector(expected, 'b', 1);
    const far = apart(500);
    const factor = far.factor.map((value) => value / 2 ** (500 - far.epoch) + 0);
    expect([...factor]).toEqual([...expected]);
    expect([...apart(3).factor].every(Number.isFinite)).toBe(true);
  });

  test('is the same wherever the log was cut, also where all of it has faded', () => {
    const step = fc.tuple(
      fc.array(fc.constantFrom('a', 'b', 'i'), { maxLength: 2 }),
      fc.integer({ min: 0, max: 2_000 }),
    );
    const side = factors.itemSide(learningSchema.parse({ halfLifeDays: 1, selfWeight: 0 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const given = steps.map(([others, days]) => [signal(others), days * day] as const);
        const once = factorRows.encode(fold({ halfLifeDays: 1, selfWeight: 0 }, given));
        let stored: Buffer | undefined;
        for (const [one, atMs] of given) {
          const row = stored === undefined ? undefined : side.rows.decode(stored);
          const next = side.learn(row, one, { atMs, clock: 0, type: 'view' });
          stored = (side.rows.encode(next) as { whole: Buffer }).whole;
        }
        expect({ whole: stored }).toEqual(once);
      }),
    );
  });

  test('learns nothing of a type without weight, and stays as it is stored', () => {
    const learning = { typeWeights: { ignored: 0 } };
    const row = fold(learning, [[signal(['a']), 0]]);
    const before = factorRows.encode(row);
    const side = factors.itemSide(learningSchema.parse(learning));
    const given = { atMs: 9_000 * day, clock: 0, type: 'ignored' };
    expect(side.learn(row, signal(['a']), given)).toBeNull();
    expect(factorRows.encode(row)).toEqual(before);
  });

  test('is of the configured size, and of another one it is none', () => {
    const bytes = (factorRows.encode(emptyRow(32)) as { whole: Buffer }).whole;
    expect(bytes.length).toBe(rowBytes(32));
    expect(directionOf(bytes, 32)).toBeNull();
    const row = fold({ dimensions: 32 }, [[signal(['a']), 0]]);
    const stored = (factorRows.encode(row) as { whole: Buffer }).whole;
    expect(directionOf(stored, 32)?.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1);
    expect(directionOf(stored, 64)).toBeNull();
    expect(directionOf(stored.subarray(0, 20), 32)).toBeNull();
  });
});

describe('factors retrieval', () => {
  /** Two kinds of users, each with items of its own; nobody visits a0 and a9 together. */
  const log: Visit[] = Array.from({ length: 3_000 }, (_, n) => {
    const user = n % 30;
    const group = user % 2 === 0 ? 'a' : 'b';
    const half = user % 4 < 2 ? 0 : 3;
    return [
      `u${user}`,
      `${group}${half + ((Math.floor(n / 30) * 3 + user) % 7)}`,
      n * 1_000,
    ] as const;
  });

  test('proposes what lies near, also what was never visited together', () => {
    const learned = learn(log);
    const { list } = listFor(learned, ['a0', 'a1']);
    const near = list.slice(0, 6).map(({ itemId }) => itemId[0]);
    expect(near).toEqual(near.map(() => 'a'));
    expect(list.map(({ itemId }) => itemId)).toContain('a9');
    expect(list.every(({ score }) => score > 0 && score <= 1 + 1e-9)).toBe(true);
  });

  test('compares as many items as it may, and none for strangers', () => {
    const learned = learn(log);
    const { figures, list } = listFor(learned, ['a0'], { comparedItemsMax: 10 });
    expect(figures.length).toBeLessThanOrEqual(10);
    expect(list.length).toBeLessThanOrEqual(10);
    expect(listFor(learned, ['unheard-of'])).toEqual({ figures: [], list: [] });
    expect(listFor(learned, [])).toEqual({ figures: [], list: [] });
  });

  test('gives finite scores for whatever was learned', () => {
    const visit = fc.tuple(
      fc.constantFrom('u', 'v', 'w'),
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.integer({ min: 0, max: 5_000 }).map((n) => n * day),
    );
    fc.assert(
      fc.property(fc.array(visit, { minLength: 1, maxLength: 40 }), (given) => {
        const learned = learn(given, { halfLifeDays: 0.01, selfWeight: 100 });
        for (const { score } of listFor(learned, ['a', 'b']).list)
          expect(Number.isFinite(score)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
