import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OwnItem } from '../model.ts';
import { profileOf, visitedOnce } from '../profile.ts';
import { visits as userSide } from '../visits.ts';
import { coVisits } from './co-visits.ts';
import { type Learning, learningSchema, retrievalSchema } from './config.ts';
import { cosine } from './retrieval.ts';

const day = 86_400_000;
const nobody = { user: '', session: '' };

/** Every item's stored row after some users' visits, folded through user side and item side. */
const learn = (visits: readonly (readonly [string, string, number])[], learning: Learning) => {
  const side = coVisits.itemSide(learning);
  const rows = new Map<string, unknown>();
  const recents = new Map<string, OwnItem[]>();
  for (const [user, itemId, atMs] of visits) {
    const known = recents.get(user) ?? [];
    for (const signal of userSide.signals(itemId, atMs, known, nobody)) {
      const row = side.learn(rows.get(signal.item), signal, { atMs, clock: 0, type: 'view' });
      if (row !== null) rows.set(signal.item, row);
    }
    const others = known.filter((recent) => recent.itemId !== itemId);
    recents.set(user, [visitedOnce({ itemId, atMs, type: 'view' }), ...others].slice(0, 10));
  }
  const stored = new Map<string, Buffer>();
  for (const [item, row] of rows) {
    const write = side.rows.encode(row);
    if ('whole' in write) stored.set(item, write.whole);
  }
  return { stored, recents, headBytes: side.headBytes };
};

/** The reference of the issue, word for word: dictionaries, one landmark, no pruning. */
const reference = (
  visits: readonly (readonly [string, string, number])[],
  user: string,
  given: { halfLifeMs: number | null; shrink: number },
): Map<string, number> => {
  const counts = new Map<string, number>();
  const pairs = new Map<string, Map<string, number>>();
  const histories = new Map<string, string[]>();
  const weightAt = (atMs: number): number =>
    given.halfLifeMs === null ? 1 : 2 ** ((atMs - 1.7e12) / given.halfLifeMs);
  const add = (a: string, b: string, weight: number): void => {
    const row = pairs.get(a) ?? new Map<string, number>();
    pairs.set(a, row.set(b, (row.get(b) ?? 0) + weight));
  };
  let last = 0;
  for (const [who, item, atMs] of visits) {
    const history = histories.get(who) ?? [];
    counts.set(item, (counts.get(item) ?? 0) + weightAt(atMs));
    for (const other of new Set(history.toReversed().slice(0, 10))) {
      add(item, other, weightAt(atMs));
      if (other !== item) add(other, item, weightAt(atMs));
    }
    histories.set(who, [...history.filter((other) => other !== item), item]);
    if (who === user) last = atMs;
  }
  const scores = new Map<string, number>();
  const shrink = given.shrink * weightAt(last);
  let part = 1;
  for (const own of (histories.get(user) ?? []).toReversed().slice(0, 10)) {
    for (const [item, weight] of pairs.get(own) ?? []) {
      const cosine =
        weight / (Math.sqrt((counts.get(own) ?? 0) * (counts.get(item) ?? 0)) + shrink);
      scores.set(item, (scores.get(item) ?? 0) + part * cosine);
    }
    part *= 0.8;
  }
  return scores;
};

const visit = fc.tuple(
  fc.integer({ min: 0, max: 4 }).map((n) => `u${n}`),
  fc.integer({ min: 0, max: 20 }).map((n) => `item-${n}`),
);

describe('co-visits retrieval', () => {
  test.each([null, 2])('scores as the reference does, with half-life %s', (halfLifeDays) => {
    const learning = learningSchema.parse({ halfLifeDays });
    const config = retrievalSchema.parse({});
    fc.assert(
      fc.property(fc.array(visit, { minLength: 1, maxLength: 120 }), (pairs) => {
        const visits = pairs.map(([u, i], n) => [u, i, 1.7e12 + n * 0.37 * day] as const);
        const { stored, recents } = learn(visits, learning);
        for (const [user, known] of recents) {
          const found = cosine(learning, config);
          const profile = profileOf(user, known);
          const rows = new Map(
            found.wants(profile).flatMap((item) => {
              const row = stored.get(item);
              return row === undefined ? [] : [[item, row] as const];
            }),
          );
          const heads = new Map(
            found.figures(profile, rows).map((item) => [item, stored.get(item) as Buffer]),
          );
          const ranked = found.rank(profile, rows, heads);
          const halfLifeMs = halfLifeDays === null ? null : halfLifeDays * day;
          const truth = reference(visits, user, { halfLifeMs, shrink: 10 });
          expect(new Set(ranked.map(({ itemId }) => itemId))).toEqual(new Set(truth.keys()));
          for (const { itemId, score } of ranked)
            expect(score / (truth.get(itemId) as number)).toBeCloseTo(1, 4);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('cuts to the configured depth, best first, ties by id, and asks for no row twice', () => {
    const learning = learningSchema.parse({});
    const found = cosine(learning, retrievalSchema.parse({ depth: 3, scoredItemsMax: 12 }));
    const visits = Array.from({ length: 40 }, (_, n) => [`u${n % 2}`, `i${n >> 1}`, n] as const);
    const { stored, recents } = learn(visits, learning);
    const profile = profileOf('u0', recents.get('u0') ?? []);
    const rows = new Map(found.wants(profile).map((item) => [item, stored.get(item) as Buffer]));
    const figures = found.figures(profile, rows);
    expect(figures.length).toBeLessThanOrEqual(12);
    expect(figures.some((item) => rows.has(item))).toBe(false);
    const ranked = found.rank(profile, rows, new Map());
    expect(ranked).toHaveLength(3);
    const order = ranked.toSorted((a, b) => b.score - a.score || (a.itemId < b.itemId ? -1 : 1));
    expect(ranked).toEqual(order);
  });

  test('has nothing to say of a user without history, and passes over broken rows', () => {
    const found = cosine(learningSchema.parse({}), retrievalSchema.parse({}));
    expect(found.rank(profileOf('u', []), new Map(), new Map())).toEqual([]);
    const profile = profileOf('u', [visitedOnce({ itemId: 'a', atMs: 5, type: 'view' })]);
    expect(found.rank(profile, new Map([['a', Buffer.alloc(7, 1)]]), new Map())).toEqual([]);
  });
});
