import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SharedRetrieval } from '../model.ts';
import { learningSchema, retrievalSchema } from './config.ts';
import { type Popularity, addLog2, popularityRows } from './popularity.ts';
import { type Ranking, rankings } from './ranking.ts';
import { trending } from './trending.ts';

const hour = 3_600_000;
const signal = (item: string) => ({ item, others: [], notes: [] });

const fold = (
  learning: object,
  events: readonly { item: string; atMs: number; type?: string }[],
): { rows: Map<string, Popularity>; ranking: Ranking } => {
  const side = trending.itemSide(learningSchema.parse(learning));
  const rows = new Map<string, unknown>();
  const ranking = side.ranking?.empty();
  for (const { item, atMs, type = 'view' } of events) {
    const row = side.learn(rows.get(item), signal(item), { atMs, clock: 0, type });
    if (row === null) continue;
    rows.set(item, row);
    side.ranking?.place(ranking, item, row);
  }
  return { rows: rows as Map<string, Popularity>, ranking: ranking as Ranking };
};

describe('trending', () => {
  test('counts an event half after one half-life, and by its type', () => {
    const { rows } = fold({ halfLifeHours: 1, typeWeights: { purchase: 3, ignored: 0 } }, [
      { item: 'a', atMs: 0 },
      { item: 'a', atMs: hour, type: 'purchase' },
      { item: 'a', atMs: hour, type: 'ignored' },
      { item: 'b', atMs: hour, type: 'ignored' },
    ]);
    expect(2 ** ((rows.get('a')?.log2Weight as number) - 1)).toBeCloseTo(3.5, 12);
    expect(rows.get('a')?.events).toBe(2);
    expect(rows.has('b')).toBe(false);
  });

  test('adds logarithms without overflow, and never falls', () => {
    expect(addLog2(3, 3)).toBe(4);
    expect(addLog2(50_000, 50_001)).toBeCloseTo(50_000 + Math.log2(3), 10);
    expect(addLog2(Number.NEGATIVE_INFINITY, -7)).toBe(-7);
    const number = fc.double({ min: -1e5, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(addLog2(a, b)).toBeGreaterThanOrEqual(a);
      }),
    );
  });

  test('keeps exactly the best items of the rows, in order', () => {
    const event = fc.record({
      item: fc.integer({ min: 0, max: 40 }).map((n) => `i${n}`),
      atMs: fc.integer({ min: 0, max: 50 }).map((n) => n * hour),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const { rows, ranking } = fold({ halfLifeHours: 5, rankedItemsMax: 10 }, events);
        const all = [...rows].map(([item, { log2Weight }]) => [log2Weight, item] as const);
        const sorted = all.sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1)).slice(0, 10);
        expect(ranking.items).toEqual(sorted.map(([, item]) => item));
        expect(ranking.weights).toEqual(sorted.map(([weight]) => weight));
      }),
    );
  });

  test('stores rows and rankings so that they come back as they were', () => {
    const { rows, ranking } = fold({}, [
      { item: 'Größe', atMs: 1.7e12 },
      { item: 'b', atMs: 1.7e12 + 5 },
    ]);
    for (const row of rows.values()) {
      const write = popularityRows.encode(row);
      expect('whole' in write && popularityRows.decode(write.whole)).toEqual(row);
    }
    const size = rankings.bytes(ranking);
    const write = rankings.encode(ranking);
    expect('whole' in write && write.whole.length).toBe(size);
    expect('whole' in write && rankings.decode(write.whole)).toEqual(ranking);
    expect(rankings.encode(ranking)).toEqual({ patches: [] });
  });

  test('merges the partitions and keeps what belongs to a category', () => {
    const encoded = (events: readonly { item: string; atMs: number }[]): Buffer => {
      const write = rankings.encode(fold({ halfLifeHours: 1 }, events).ranking);
      return 'whole' in write ? write.whole : Buffer.alloc(0);
    };
    const stored = [
      encoded([
        { item: 'a', atMs: hour },
        { item: 'c', atMs: 0 },
      ]),
      encoded([
        { item: 'b', atMs: 2 * hour },
        { item: 'd', atMs: 0 },
      ]),
    ];
    const retrieval = (config: object) =>
      trending.retrieval(
        learningSchema.parse({}),
        retrievalSchema.parse(config),
      ) as SharedRetrieval;
    expect(retrieval({}).rank(stored, () => true)).toEqual([
      { itemId: 'b', score: 1 },
      { itemId: 'a', score: 0.5 },
      { itemId: 'c', score: 0.25 },
      { itemId: 'd', score: 0.25 },
    ]);
    const kept = retrieval({ depth: 1 }).rank(stored, (item) => item === 'a' || item === 'd');
    expect(kept.map(({ itemId }) => itemId)).toEqual(['a']);
  });
});
