import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SharedRetrieval } from '../model.ts';
import { learningSchema, retrievalSchema } from './config.ts';
import { type Popularity, addLog2, popularityRows } from './popularity.ts';
import { type Ranking, rankings } from './ranking.ts';
import { trending } from './trending.ts';
import { parts, type Window, windowRows } from './window.ts';
import { type WindowRanking, windowRankings } from './window-ranking.ts';

const hour = 3_600_000;
const signal = (item: string) => ({ item, others: [], notes: [] });

type Happened = readonly { item: string; atMs: number; type?: string }[];

const foldAny = (
  learning: object,
  events: Happened,
): { rows: Map<string, unknown>; ranking: unknown } => {
  const side = trending.itemSide(learningSchema.parse(learning));
  const rows = new Map<string, unknown>();
  const ranking = side.ranking?.empty();
  for (const { item, atMs, type = 'view' } of events) {
    const row = side.learn(rows.get(item), signal(item), { atMs, clock: 0, type });
    if (row === null) continue;
    rows.set(item, row);
    side.ranking?.place(ranking, item, row);
  }
  return { rows, ranking };
};
const fold = (learning: object, events: Happened) =>
  foldAny(learning, events) as { rows: Map<string, Popularity>; ranking: Ranking };
const foldWindows = (learning: object, events: Happened) =>
  foldAny(learning, events) as { rows: Map<string, Window>; ranking: WindowRanking };

const listOf = (learning: object, ...partitions: readonly Happened[]) => {
  const parsed = learningSchema.parse(learning);
  const side = trending.itemSide(parsed);
  const stored = partitions.map((events) => {
    const write = side.ranking?.encode(foldAny(learning, events).ranking);
    return write !== undefined && 'whole' in write ? write.whole : Buffer.alloc(0);
  });
  const retrieval = trending.retrieval(parsed, retrievalSchema.parse({})) as SharedRetrieval;
  return retrieval.rank(stored, () => true);
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

describe('trending, configured otherwise', () => {
  test('counts all of time alike where nothing fades', () => {
    const events = [5_000, 0, 1e9].map((hours) => ({ item: 'a', atMs: hours * hour }));
    const { rows } = fold({ halfLifeHours: null }, events);
    expect(2 ** (rows.get('a')?.log2Weight as number)).toBeCloseTo(3, 12);
    const list = listOf({ halfLifeHours: null }, [...events, { item: 'b', atMs: 2e9 * hour }]);
    expect(list.map(({ itemId }) => itemId)).toEqual(['a', 'b']);
    expect(list[1]?.score).toBeCloseTo(1 / 3, 12);
  });

  test('lists the newest items first, once they have events enough', () => {
    const events = [
      { item: 'old', atMs: 0 },
      { item: 'old', atMs: 99 * hour },
      { item: 'young', atMs: 48 * hour },
      { item: 'young', atMs: 1 * hour },
      { item: 'once', atMs: 90 * hour },
    ];
    const learning = { by: 'first-seen', halfLifeHours: 24, eventsMin: 2 };
    expect(listOf(learning, events)).toEqual([
      { itemId: 'young', score: 1 },
      { itemId: 'old', score: 0.25 },
    ]);
    const all = listOf({ ...learning, eventsMin: 1 }, events.slice(0, 3), events.slice(4));
    expect(all.map(({ itemId }) => itemId)).toEqual(['once', 'young', 'old']);
  });

  test('sums up a window exactly, for every item that it ranks', () => {
    const event = fc.record({
      item: fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`),
      atMs: fc.integer({ min: 0, max: 60 }).map((n) => n * hour),
      type: fc.constantFrom('view', 'purchase'),
    });
    const learning = { windowHours: parts, rankedItemsMax: 10, typeWeights: { purchase: 3 } };
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 200 }), (events) => {
        const newest = events.reduce((most, { atMs }) => Math.max(most, atMs), 0);
        const sums = new Map<string, number>();
        for (const { item, atMs, type } of events)
          if (atMs > newest - parts * hour)
            sums.set(item, (sums.get(item) ?? 0) + (type === 'purchase' ? 3 : 1));
        const { rows, ranking } = foldWindows(learning, events);
        const best = Math.max(...sums.values());
        const list = listOf(learning, events);
        for (const { itemId, score } of list)
          expect(score).toBeCloseTo((sums.get(itemId) ?? 0) / best, 10);
        expect(list.length).toBe(ranking.entries.length);
        if (sums.size <= 10) expect(list.length).toBe(sums.size);
        for (const row of rows.values()) {
          const write = windowRows.encode(row);
          expect('whole' in write && windowRows.decode(write.whole)).toEqual(row);
        }
        const write = windowRankings.encode({ ...ranking, changed: true });
        expect('whole' in write && windowRankings.decode(write.whole)).toEqual({
          ...ranking,
          changed: false,
        });
      }),
    );
  });

  test('forgets what has left the window, and passes over what comes too late for it', () => {
    const learning = { windowHours: parts };
    const events = [
      { item: 'a', atMs: 0 },
      { item: 'a', atMs: hour },
      { item: 'b', atMs: 11 * hour },
    ];
    expect(listOf(learning, events).map(({ itemId }) => itemId)).toEqual(['a', 'b']);
    const later = [...events, { item: 'b', atMs: 12 * hour }, { item: 'b', atMs: 0 }];
    expect(listOf(learning, later)).toEqual([
      { itemId: 'b', score: 1 },
      { itemId: 'a', score: 0.5 },
    ]);
    const elsewhere = [{ item: 'c', atMs: 13 * hour }];
    expect(listOf(learning, events, elsewhere).map(({ itemId }) => itemId)).toEqual(['b', 'c']);
  });

  test('learns and ranks a window the same wherever the log is cut', () => {
    const parsed = learningSchema.parse({ windowHours: 24, rankedItemsMax: 10, eventsMin: 2 });
    const side = trending.itemSide(parsed);
    const stored = (write: { readonly whole: Buffer } | { readonly patches: unknown }): Buffer =>
      'whole' in write ? write.whole : Buffer.alloc(0);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 25 }), fc.integer({ min: 0, max: 90 }))),
        (events) => {
          const happened = events.map(([n, h]) => ({ item: `i${n}`, atMs: h * hour }));
          const once = foldWindows(parsed, happened);
          const rows = new Map<string, unknown>();
          let ranking = side.ranking?.empty();
          for (const { item, atMs } of happened) {
            const row = side.learn(rows.get(item), signal(item), { atMs, clock: 0, type: 'view' });
            if (row === null) continue;
            rows.set(item, side.rows.decode(stored(side.rows.encode(row))));
            side.ranking?.place(ranking, item, rows.get(item));
            const bytes = side.ranking?.encode(ranking);
            if (bytes !== undefined && 'whole' in bytes)
              ranking = side.ranking?.decode(bytes.whole);
          }
          expect(rows).toEqual(once.rows);
          expect({ ...(ranking as object), changed: false }).toEqual({
            ...once.ranking,
            changed: false,
          });
        },
      ),
    );
  });

  test('refuses a window of what is new', () => {
    const parsed = learningSchema.safeParse({ by: 'first-seen', windowHours: 5 });
    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual(['windowHours']);
  });
});

test('a forgotten item that comes back stands where its new row belongs', () => {
  const step = fc.record({ item: fc.constantFrom('a', 'b', 'c', 'd'), isForgotten: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom({ halfLifeHours: null }, { windowHours: 240 }),
      (log, learning) => {
        const side = trending.itemSide(learningSchema.parse(learning));
        const rows = new Map<string, unknown>();
        const ranking = side.ranking?.empty();
        for (const [n, { item, isForgotten }] of log.entries()) {
          if (isForgotten && rows.delete(item)) continue;
          const context = { atMs: 1.7e12 + n * hour, clock: n, type: 'view' };
          const row = side.learn(rows.get(item), signal(item), context);
          if (row === null) continue;
          expect(side.lastMs?.(row)).toBeGreaterThanOrEqual(context.atMs);
          rows.set(item, row);
          side.ranking?.place(ranking, item, row);
        }
        const parsed = learningSchema.parse(learning);
        const write = side.ranking?.encode(ranking);
        const stored = write !== undefined && 'whole' in write ? [write.whole] : [];
        const retrieval = trending.retrieval(parsed, retrievalSchema.parse({}));
        if (!retrieval.shared) throw new Error('not shared');
        const scores = retrieval.rank(stored, () => true).map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      },
    ),
  );
});
