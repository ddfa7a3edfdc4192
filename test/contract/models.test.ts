import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../models/canonical.ts';
import { kinds, userSides } from '../../models/kinds.ts';
import {
  type Learned,
  ownKeyMark,
  type PersonalRetrieval,
  type Profile,
  type RecentItem,
  type Signal,
  type World,
} from '../../models/model.ts';
import { ItemTable } from '../../models/item-table.ts';
import { learningName } from '../../models/learning-identity.ts';
import { profileOf, visitedOnce } from '../../models/profile.ts';
import { type Kind, learn, signalsOf, type Visit, visits } from '../support/learned-log.ts';

/** What every kind of model promises (models/model.ts). A new kind is run through it by its line in models/kinds.ts. */
const never = (): boolean => false;

describe('user sides', () => {
  test('have a channel of their own', () => {
    expect(new Set(userSides.map(({ channel }) => channel)).size).toBe(userSides.length);
    for (const { channel } of userSides) {
      expect(channel).toBeGreaterThanOrEqual(1);
      expect(channel).toBeLessThanOrEqual(255);
    }
  });
});

const signalsFor = (
  kind: Kind,
  visited: string,
  recents: readonly RecentItem[],
): readonly Signal[] =>
  kind.userSide?.signals(visited, 1.7e12, recents, { user: 'u', session: 's' }) ?? [];

describe.each([...kinds.values()])('$kind', (kind) => {
  const learning = kind.learningSchema.parse({});
  const config = kind.retrievalSchema.parse({});

  test('has defaults for all of its configuration, which are themselves a configuration', () => {
    expect(kind.learningSchema.parse(learning)).toEqual(learning);
    expect(kind.retrievalSchema.parse(config)).toEqual(config);
    expect(JSON.parse(canonicalJson({ learning, config }))).toEqual({ learning, config });
  });

  test('says every fault of a configuration at once', () => {
    const names = Object.keys(learning as object);
    const wrong = Object.fromEntries(names.map((name) => [name, 'wrong']));
    const faults = kind.learningSchema.safeParse({ ...wrong, unheardOf: 1 }).error?.issues ?? [];
    expect(faults.length).toBe(names.length + 1);
    const found = kind.retrievalSchema.safeParse({ depth: 0, unheardOf: 1 }).error?.issues ?? [];
    expect(found.length).toBe(2);
  });

  test('has a name, a source and a page of one screen that names both', () => {
    expect(kind.kind).toMatch(/^[a-z][a-z0-9-]{0,39}$/);
    const page = readFileSync(
      new URL(`../../models/${kind.kind}/README.md`, import.meta.url),
      'utf8',
    );
    expect(page.split('\n').length).toBeLessThanOrEqual(50);
    expect(page).toContain(`# ${kind.kind}`);
    expect(page).toContain(kind.source.split(':')[0]);
    for (const name of Object.keys({ ...(learning as object), ...(config as object) }))
      expect(page).toContain(`\`${name}\``);
  });

  test('teaches of the visited and the recent items and of keys of its own, each once', () => {
    fc.assert(
      fc.property(visits, (log) => {
        const recents = [...signalsOf(kind, log).users.values()][0] ?? [];
        const given = structuredClone(recents);
        const visited = log.length % 2 === 0 ? 'new' : (recents[0]?.itemId ?? 'new');
        const signals = signalsFor(kind, visited, recents);
        expect(recents).toEqual(given);
        expect(signalsFor(kind, visited, recents)).toEqual(signals);
        const known = new Set([visited, ...recents.map(({ itemId }) => itemId), 'u', 's']);
        if (kind.userSide !== null) expect(signals[0]?.item).toBe(visited);
        expect(new Set(signals.map(({ item }) => item)).size).toBe(signals.length);
        for (const { item, others, notes } of signals) {
          expect(notes.length).toBe(others.length);
          for (const id of [item, ...others])
            expect(known.has(id) || id.startsWith(ownKeyMark)).toBe(true);
          for (const note of notes) expect(note & 0xff).toBe(note);
        }
      }),
    );
  });

  test('learns the same wherever the log is cut', () => {
    fc.assert(
      fc.property(visits, fc.array(fc.boolean(), { minLength: 7 }), (log, cuts) => {
        const once = learn(kind, log, never);
        expect(learn(kind, log, () => true)).toEqual(once);
        expect(learn(kind, log, (n) => cuts[n % cuts.length] as boolean)).toEqual(once);
      }),
    );
  });

  test('starts each row with its figures, and refuses another layout', () => {
    if (kind.userSide === null) return;
    const side = kind.itemSide(learning);
    const log = [{ user: 0, item: 'a', hours: 0, type: 'view' as const }];
    const { rows } = learn(kind, log, never);
    const row = rows.get('a') as Buffer;
    expect(row.length).toBeGreaterThanOrEqual(side.headBytes);
    expect(side.headBytes).toBeGreaterThan(0);
    const other = Buffer.from(row);
    other[0] = 99;
    expect(() => side.rows.decode(other)).toThrow('unknown layout');
  });

  test('ranks the same for the same state: best first, each once, at most its depth', () => {
    const retrieval = kind.retrieval(learning, kind.retrievalSchema.parse({ depth: 5 }));
    const own = learningName(kind.kind, learning);
    fc.assert(
      fc.property(visits, (log) => {
        const learnedBy = new Map(
          retrieval.sources.map((source) => [
            learningName(source.kind, source.learning),
            learnedOf(source.kind, log),
          ]),
        );
        const { users } = signalsOf(kind, log);
        for (const [user, recents] of users) {
          const profile = profileOf(`u${user}`, recents);
          const rank = (reversed: boolean) =>
            retrieval.shared
              ? retrieval.rank(inOrder(learnedBy.get(own)?.rankings ?? [], reversed), () => true)
              : rankFor(retrieval, profile, { learnedBy, reversed });
          const ranked = rank(false);
          expect(rank(true)).toEqual(ranked);
          expect(ranked.length).toBeLessThanOrEqual(5);
          expect(new Set(ranked.map(({ itemId }) => itemId)).size).toBe(ranked.length);
          for (const { score } of ranked) expect(Number.isFinite(score)).toBe(true);
          const scores = ranked.map(({ score }) => score);
          expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        }
      }),
    );
  });

  test('has nothing to rank but what the profile holds where nothing is learned', () => {
    const retrieval = kind.retrieval(learning, config);
    const recents = [visitedOnce({ itemId: 'a', atMs: 1.7e12, type: 'view' })];
    const profile = profileOf('u', recents);
    if (retrieval.shared) expect(retrieval.rank([], () => true)).toEqual([]);
    else {
      const none = retrieval.sources.map(() => nothing);
      const ranked = retrieval.rank(profile, none, world);
      expect(ranked.filter(({ itemId }) => itemId !== 'a')).toEqual([]);
      expect(retrieval.rank(profileOf('stranger', []), none, world)).toEqual([]);
    }
  });

  test('explains the list that it makes', () => {
    const retrieval = kind.retrieval(learning, config);
    if (retrieval.shared || retrieval.explain === null) return;
    const { explain } = retrieval;
    fc.assert(
      fc.property(visits, (log) => {
        const learnedBy = new Map(
          retrieval.sources.map((source) => [
            learningName(source.kind, source.learning),
            learnedOf(source.kind, log),
          ]),
        );
        const [first] = signalsOf(kind, log).users;
        const profile = profileOf('u0', first?.[1] ?? []);
        const read = readFor(retrieval, profile, { learnedBy, reversed: false });
        const ranked = retrieval.rank(profile, read, world);
        const said = explain(profile, read, world);
        expect(said.map(({ itemId, score }) => ({ itemId, score }))).toEqual(
          ranked.map(({ itemId, score }) => ({ itemId, score })),
        );
      }),
      { numRuns: 20 },
    );
  });
});

const nothing: Learned = { rows: new Map(), heads: new Map(), rankings: [] };
const world: World = { items: new ItemTable(), weights: null };
const inOrder = <T>(values: readonly T[], reversed: boolean): readonly T[] =>
  reversed ? values.toReversed() : values;

interface LearnedLog {
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly rankings: readonly Buffer[];
}

/** What a kind learns of a log, in two partitions as far as rankings go: each has its own items. */
const learnedOf = (name: string, log: readonly Visit[]): LearnedLog => {
  const kind = kinds.get(name) as Kind;
  const isOdd = ({ item }: Visit): boolean => item.charCodeAt(item.length - 1) % 2 === 1;
  const rankings = [log.filter(isOdd), log.filter((one) => !isOdd(one))].flatMap((part) => {
    const { ranking } = learn(kind, part, never);
    return ranking === null ? [] : [ranking];
  });
  return { rows: learn(kind, log, never).rows, rankings };
};

interface Given {
  readonly learnedBy: ReadonlyMap<string, LearnedLog>;
  /** Whether what is read comes in another order. */
  readonly reversed: boolean;
}

/** Both reads of retrieval. */
const readFor = (
  retrieval: PersonalRetrieval,
  profile: Profile,
  { learnedBy, reversed }: Given,
): Learned[] => {
  const logs = retrieval.sources.map((source) =>
    learnedBy.get(learningName(source.kind, source.learning)),
  );
  const read = (log: LearnedLog | undefined, keys: readonly string[]): Map<string, Buffer> =>
    new Map(
      inOrder(keys, reversed).flatMap((key) => {
        const row = log?.rows.get(key);
        return row === undefined ? [] : [[key, row] as const];
      }),
    );
  const wanted = retrieval.wants(profile);
  expect(wanted.length).toBe(retrieval.sources.length);
  const first = logs.map(
    (log, index): Learned => ({
      rows: read(log, wanted[index] ?? []),
      heads: new Map(),
      rankings:
        retrieval.sources[index]?.rankings === true ? inOrder(log?.rankings ?? [], reversed) : [],
    }),
  );
  const figures = retrieval.figures(profile, first, world);
  expect(figures.length).toBe(retrieval.sources.length);
  for (const [index, keys] of figures.entries())
    for (const key of keys) expect(first[index]?.rows.has(key)).toBe(false);
  return first.map((one, index) => ({ ...one, heads: read(logs[index], figures[index] ?? []) }));
};

const rankFor = (retrieval: PersonalRetrieval, profile: Profile, given: Given) =>
  retrieval.rank(profile, readFor(retrieval, profile, given), world);
