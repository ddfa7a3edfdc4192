import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Learned, OwnItem, Profile } from '../model.ts';
import { profileOf, sessionGapMs, visitedOnce } from '../profile.ts';
import { visitorKey } from '../visitor-key.ts';
import { ownOf, slotKey, slotOf, slotsMax } from './actors.ts';
import { neighbourSide } from './item-side.ts';
import { actorBytesMax } from './layout.ts';
import { passages } from './passages.ts';
import { neighbourRetrieval, type NeighbourOptions } from './retrieval.ts';
import type { Row } from './rows.ts';

const startMs = 1.7e12;
const itemsMax = 50;
const options: NeighbourOptions = {
  source: { kind: 'k', learning: {}, headBytes: actorBytesMax(itemsMax) },
  sort: 's',
  recentItemsMax: 10,
  history: false,
  comparedMax: 500,
  neighboursMax: 100,
  positionDecay: 0.1,
  idf: false,
  depth: 100,
};
const world = { items: null, weights: null };

interface Visit {
  readonly user: string;
  readonly item: string;
  readonly second: number;
}

/** Each user has one session. */
const sessionOf = (user: string): string => visitorKey(`${user}'s session`);

const learn = (log: readonly Visit[]) => {
  const side = neighbourSide({
    sort: 's',
    actorsPerItemMax: 500,
    actorsMax: slotsMax,
    itemsMax,
    renews: false,
    typeWeights: {},
  });
  const rows = new Map<string, Row>();
  const { ranking } = side;
  if (ranking === null) throw new Error('neighbours count actors');
  const counts = ranking.empty();
  for (const [clock, { user, item, second }] of log.entries()) {
    const atMs = startMs + second * 1000;
    const visitor = { user: visitorKey(user), session: sessionOf(user) };
    for (const signal of passages.signals(item, atMs, [], visitor)) {
      const next = side.learn(rows.get(signal.item), signal, { atMs, clock, type: 'view' });
      if (next === null) continue;
      rows.set(signal.item, next);
      ranking.place(counts, signal.item, next);
    }
  }
  const stored = new Map<string, Buffer>();
  for (const [key, row] of rows) {
    const write = side.rows.encode(row);
    if ('whole' in write) stored.set(key, write.whole);
  }
  const write = ranking.encode(counts);
  return { stored, rankings: 'whole' in write ? [write.whole] : [] };
};

const recentsIn = (log: readonly Visit[], user: string): OwnItem[] => {
  const items = new Map<string, OwnItem>();
  for (const { item, second } of log.filter((one) => one.user === user)) {
    items.delete(item);
    const atMs = startMs + second * 1000;
    items.set(item, visitedOnce({ itemId: item, atMs, type: 'view' }));
  }
  return [...items.values()].toReversed();
};

const list = (
  log: readonly Visit[],
  profile: Profile,
  given: Partial<NeighbourOptions> & { readonly replaced?: readonly [string, Buffer?] } = {},
) => {
  const retrieval = neighbourRetrieval({ ...options, ...given });
  const { stored, rankings } = learn(log);
  const [key, by] = given.replaced ?? [];
  if (key !== undefined && by !== undefined) stored.set(key, by);
  else if (key !== undefined) stored.delete(key);
  const pick = (keys: readonly string[] | undefined): Map<string, Buffer> =>
    new Map(
      (keys ?? []).flatMap((key) => {
        const row = stored.get(key);
        return row === undefined ? [] : [[key, row] as const];
      }),
    );
  const rows = pick(retrieval.wants(profile)[0]);
  const learned: Learned = { rows, heads: new Map(), rankings };
  const heads = pick(retrieval.figures(profile, [learned], world)[0]);
  return retrieval.rank(profile, [{ ...learned, heads }], world);
};

/** VMIS-kNN as its paper has it, on plain maps: scores by item. */
const plainScores = (log: readonly Visit[], self: string, idf: boolean): Map<string, number> => {
  const sessions = new Map<string, Set<string>>();
  const last = new Map<string, number>();
  for (const { user, item, second } of log) {
    sessions.set(user, (sessions.get(user) ?? new Set()).add(item));
    last.set(user, second);
  }
  const evolving = recentsIn(log, self)
    .map(({ itemId }) => itemId)
    .slice(0, 10);
  const scores = new Map<string, number>();
  for (const [user, items] of sessions) {
    const common = evolving.flatMap((item, at) => (items.has(item) ? [at] : []));
    if (user === self || common.length === 0) continue;
    const total = evolving.length;
    const similarity = common.reduce((sum, at) => sum + (total - at) / total, 0);
    const value = similarity * (1 - 0.1 * (common[0] as number));
    for (const item of items) scores.set(item, (scores.get(item) ?? 0) + value);
  }
  if (!idf) return scores;
  for (const [item, score] of scores) {
    const visited = [...sessions.values()].filter((items) => items.has(item)).length;
    const rare = sessions.size > visited ? Math.log(sessions.size / visited) : 0;
    scores.set(item, score * rare);
  }
  return scores;
};

/** In the order of time, within one session's gap. */
const logs = fc
  .array(
    fc.record({
      user: fc.integer({ min: 0, max: 15 }).map((n) => `u${n}`),
      item: fc.integer({ min: 0, max: 30 }).map((n) => `item-${n}`),
    }),
    { minLength: 1, maxLength: 150, size: 'max' },
  )
  .map((visits) => visits.map((visit, second) => ({ ...visit, second })));

describe('neighbours', () => {
  test('score items as VMIS-kNN does', () => {
    fc.assert(
      fc.property(logs, fc.boolean(), (log, idf) => {
        const profile = profileOf('u0', recentsIn(log, 'u0'));
        const scores = plainScores(log, 'u0', idf);
        const ranked = list(log, profile, { idf });
        const common = plainScores(log, 'u0', false);
        for (const { itemId, score } of ranked) {
          // Counts are kept in eighths of an octave.
          const slack = (idf ? 0.05 : 1e-12) * (common.get(itemId) ?? 0);
          expect(Math.abs(score - (scores.get(itemId) ?? -1))).toBeLessThanOrEqual(slack);
        }
        if (idf) return;
        expect(new Set(ranked.map(({ itemId }) => itemId))).toEqual(new Set(scores.keys()));
      }),
      { numRuns: 200 },
    );
  });

  const three: readonly Visit[] = [
    { user: 'old', item: 'a', second: 0 },
    { user: 'old', item: 'x', second: 1 },
    { user: 'new', item: 'a', second: 2 },
    { user: 'new', item: 'y', second: 3 },
    { user: 'me', item: 'a', second: 4 },
    { user: 'me', item: 'mine', second: 5 },
  ];
  const me = profileOf('me', recentsIn(three, 'me'));
  const idsOf = (candidates: readonly { readonly itemId: string }[]): string[] =>
    candidates.map(({ itemId }) => itemId);

  test('are the more recent ones where only some are compared or asked', () => {
    for (let n = 0; n < 20; n++) {
      const log = three.map((visit) => ({ ...visit, user: `${visit.user}-${n}` }));
      const profile = profileOf(`me-${n}`, recentsIn(log, `me-${n}`));
      expect(idsOf(list(log, profile, { comparedMax: 1 }))).toEqual(['a', 'y']);
      expect(idsOf(list(log, profile, { neighboursMax: 1 }))).toEqual(['a', 'y']);
      expect(idsOf(list(log, profile))).toEqual(['a', 'x', 'y']);
    }
  });

  test('never include the session that goes on, also not one that a request stamps anew', () => {
    expect(idsOf(list(three, me))).not.toContain('mine');
    const stamped = me.recents.map((own) => ({ ...own, atMs: startMs + 60_000 }));
    expect(idsOf(list(three, profileOf('me', stamped)))).not.toContain('mine');
  });

  test('may be the user in an earlier session', () => {
    const later = profileOf('me', me.recents, startMs + 10 * sessionGapMs);
    expect(idsOf(list(three, later))).toContain('mine');
    expect(idsOf(list(three, later, { sort: 'u' }))).toEqual([]);
  });

  test('are looked for by the present session, by all where it is empty or that is wanted', () => {
    const early = visitedOnce({ itemId: 'z', atMs: startMs - 10 * sessionGapMs, type: 'view' });
    const wants = (profile: Profile, history = false) =>
      neighbourRetrieval({ ...options, history }).wants(profile)[0];
    const both = [...me.recents, early];
    expect(wants(profileOf('me', both))).toEqual(['mine', 'a']);
    expect(wants(profileOf('me', both), true)).toEqual(['mine', 'a', 'z']);
    expect(wants(profileOf('me', both, startMs + 10 * sessionGapMs))).toEqual(['mine', 'a', 'z']);
  });

  test('whose row is gone, or another session has taken, are left out', () => {
    const without = slotKey('s', slotOf(ownOf(sessionOf('new'))));
    expect(idsOf(list(three, me, { replaced: [without] }))).toEqual(['a', 'x']);
    const other = learn([{ user: 'other', item: 'foreign', second: 9 }]).stored;
    const taken = other.get(slotKey('s', slotOf(ownOf(sessionOf('other'))))) as Buffer;
    expect(idsOf(list(three, me, { replaced: [without, taken] }))).toEqual(['a', 'x']);
  });

  test('need no more of a row than is there', () => {
    const retrieval = neighbourRetrieval(options);
    const { stored } = learn(three);
    const rows = new Map([['a', stored.get('a') as Buffer]]);
    const learned: Learned = { rows, heads: new Map(), rankings: [] };
    const [keys] = retrieval.figures(me, [learned], world);
    const cut = (keys ?? []).map((key) => [key, stored.get(key)?.subarray(0, 18)] as const);
    const heads = new Map(cut.flatMap(([key, row]) => (row === undefined ? [] : [[key, row]])));
    expect(retrieval.rank(me, [{ ...learned, heads }], world)).toEqual([]);
    const short = new Map([['a', rows.get('a')?.subarray(0, 20) as Buffer]]);
    expect(retrieval.figures(me, [{ ...learned, rows: short }], world)).toEqual([[]]);
  });
});
