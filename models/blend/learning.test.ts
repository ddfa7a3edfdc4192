import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { kinds } from '../kinds.ts';
import type { Learned, World } from '../model.ts';
import { profileOf, visitedOnce } from '../profile.ts';
import { learnedRows } from './fixtures.ts';
import { closeExample, readExample, writeOpen } from './example.ts';
import { situationClasses } from './situation.ts';
import { averagedIn, learnWeights, updatesOf } from './weights.ts';

const world: World = { items: null, weights: null };
const situation = [1, 2, 0, 1, 3];

/** A list of `count` candidates whose features say 1 in column `n % features`. */
const openOf = (count: number, features = 8): Buffer => {
  const matrix = new Int8Array(count * features);
  for (let place = 0; place < count; place++) matrix[place * features + (place % features)] = 32;
  const itemIds = Array.from({ length: count }, (_, place) => `item-${place}`);
  return writeOpen({ situation, features, itemIds, matrix });
};

/** Users always take what has column 3. */
const taught = (examples: number): Buffer | null => {
  let weights: Buffer | null = null;
  for (let seed = 0; seed < examples; seed++)
    weights = learnWeights(weights, closeExample(openOf(64), 'item-3', seed) as Buffer);
  return weights;
};

describe('an example', () => {
  test('has the label, the hardest others and a sample that stands for the rest', () => {
    const example = readExample(closeExample(openOf(200), 'item-57', 5) ?? Buffer.alloc(0));
    expect(example?.count).toBe(30);
    expect(example?.label).toBe(0);
    expect(example?.feature(0, 57 % 8)).toBe(1);
    const stands = Array.from({ length: 30 }, (_, at) => Math.exp(example?.logStandsFor(at) ?? 0));
    expect(stands.slice(0, 11)).toEqual(Array.from({ length: 11 }, () => 1));
    expect(stands.reduce((sum, one) => sum + one)).toBeCloseTo(200, 3);
    expect(example?.situation).toEqual(situation);
  });

  test('chooses the same by the same seed, and others by another', () => {
    const close = (seed: number) => closeExample(openOf(200), 'item-57', seed)?.toString('hex');
    expect(close(5)).toBe(close(5));
    expect(close(6)).not.toBe(close(5));
  });

  test('is none where the list did not have the item, and takes all of a short list', () => {
    expect(closeExample(openOf(20), 'another', 1)).toBeNull();
    expect(readExample(closeExample(openOf(3), 'item-2', 1) ?? Buffer.alloc(0))?.count).toBe(3);
    expect(readExample(closeExample(openOf(1), 'item-0', 1) ?? Buffer.alloc(0))?.count).toBe(1);
  });

  test('that is cut off or of another layout teaches nothing', () => {
    const bytes = closeExample(openOf(40), 'item-3', 1) ?? Buffer.alloc(0);
    for (const cut of [0, 1, 9, 40, bytes.length - 1])
      expect(learnWeights(null, bytes.subarray(0, cut))).toBeNull();
    const other = Buffer.from(bytes);
    other[0] = 9;
    expect(learnWeights(null, other)).toBeNull();
  });
});

describe('weights', () => {
  test('rise for what users take, and fall for what they pass by', () => {
    const learned = averagedIn(taught(200), situation, 8) as Float64Array;
    const others = Array.from(learned).filter((_, feature) => feature !== 3);
    expect(learned[3]).toBeGreaterThan(1);
    for (const weight of others) expect(weight).toBeLessThan(0);
  });

  test('are common in part: another situation learns along, without its own part', () => {
    const weights = taught(200);
    const elsewhere = averagedIn(weights, [0, 0, 3, 4, 5], 8) as Float64Array;
    const here = averagedIn(weights, situation, 8) as Float64Array;
    expect(elsewhere[3]).toBeGreaterThan(0);
    expect(here[3] as number).toBeGreaterThan(elsewhere[3] as number);
  });

  test('leave their former bytes as they were, count updates, and start anew for other features', () => {
    const before = taught(3) as Buffer;
    const copy = Buffer.from(before);
    const after = learnWeights(before, closeExample(openOf(64), 'item-3', 9) as Buffer);
    expect(before.equals(copy)).toBe(true);
    expect([updatesOf(before), updatesOf(after), updatesOf(null)]).toEqual([3, 4, 0]);
    const wider = learnWeights(before, closeExample(openOf(64, 9), 'item-3', 9) as Buffer);
    expect(updatesOf(wider)).toBe(1);
    expect(averagedIn(wider, situation, 8)).toBeNull();
  });

  test('of fixed examples are those of revision 1', () => {
    const hash = createHash('sha256').update(taught(50) as Buffer);
    expect(situationClasses.length).toBe(5);
    expect(`${kinds.get('blend')?.weights?.revision} ${hash.digest('hex').slice(0, 16)}`).toBe(
      '1 98d6f1974cb00678',
    );
  });
});

describe('retrieval', () => {
  const kind = kinds.get('blend');
  if (kind === undefined) throw new Error('no blend');
  const retrievalOf = (config: object = {}) => {
    const retrieval = kind.retrieval(
      kind.learningSchema.parse({}),
      kind.retrievalSchema.parse(config),
    );
    if (retrieval.shared || retrieval.trainer === null) throw new Error('not a trained one');
    return { ...retrieval, trainer: retrieval.trainer };
  };
  /** Forty users went from tea to milk, ten from tea to sugar. */
  const log = Array.from({ length: 50 }, (_, n) => [
    [`u${n}`, 'tea'],
    [`u${n}`, n < 40 ? 'milk' : 'sugar'],
  ]).flat() as [string, string][];
  const learned: readonly Learned[] = [learnedRows(log)];
  const drinker = profileOf('new', [visitedOnce({ itemId: 'tea', atMs: 1.7e12, type: 'view' })]);

  test('before anything is learned ranks by what lies near, and says because of what', () => {
    const { explain, rank } = retrievalOf();
    const ranked = rank(drinker, learned, world).map(({ itemId }) => itemId);
    expect(ranked.slice(0, 2)).toEqual(['milk', 'sugar']);
    const [first] = explain?.(drinker, learned, world) ?? [];
    expect(first?.because).toBe('tea');
    expect(first?.proposals.find(({ source }) => source === 'next')).toMatchObject({ rank: 1 });
  });

  test('learns what users take, from lists as they were when they were made', () => {
    const { trainer, rank } = retrievalOf({ trainingShare: 1 });
    expect(trainer.logs('anyone', null)).toBe(true);
    let weights: Buffer | null = null;
    for (let seed = 0; seed < 100; seed++) {
      const { open } = trainer.note(drinker, learned, { items: null, weights });
      const example = trainer.close(open, { itemId: 'sugar', atMs: 1.7e12 + 5 }, seed);
      weights = kind.weights?.learn(weights, example as Buffer) ?? null;
    }
    const [first] = rank(drinker, learned, { items: null, weights });
    expect(first?.itemId).toBe('sugar');
  });

  test('leaves room for what is new, however much the user owns', () => {
    const own = Array.from({ length: 60 }, (_, n) =>
      visitedOnce({ itemId: `own-${n}`, atMs: 1.7e12 - n, type: 'view' }),
    );
    const visited = Array.from({ length: 1_200 }, (_, n): [string, string] => [
      `u${n % 100}`,
      n % 3 === 0 ? `own-${n % 60}` : `new-${n % 70}`,
    ]);
    const { rank, trainer } = retrievalOf({ depth: 20 });
    const known = [learnedRows(visited)];
    const owner = profileOf('owner', own);
    let weights: Buffer | null = null;
    for (let seed = 0; seed < 300; seed++) {
      // Who owns much comes back to it: own items go to the top.
      const { open } = trainer.note(owner, known, { items: null, weights });
      const example = trainer.close(open, { itemId: `own-${seed % 60}`, atMs: 1.7e12 }, seed);
      weights = kind.weights?.learn(weights, example as Buffer) ?? null;
    }
    const ranked = rank(owner, known, { items: null, weights });
    expect(ranked[0]?.itemId).toMatch(/^own/);
    const owned = ranked.filter(({ itemId }) => itemId.startsWith('own'));
    expect([ranked.length, owned.length]).toEqual([20, 10]);
  });

  test('shares weights between versions that differ in depth alone', () => {
    const name = (config: object) => retrievalOf(config).trainer.name;
    expect(name({ depth: 10 })).toBe(name({ depth: 50 }));
    expect(name({ unionMax: 100 })).not.toBe(name({}));
  });

  test('logs everybody at first, then fewer, and at last the stated share, always of the same', () => {
    const { trainer } = retrievalOf({ trainingShare: 0.25 });
    const users = Array.from({ length: 4_000 }, (_, n) => `user-${n}`);
    const after = (updates: number): string[] => {
      const weights = taught(1) as Buffer;
      weights.writeUInt32LE(updates, 4);
      return users.filter((user) => trainer.logs(user, weights));
    };
    expect(users.filter((user) => trainer.logs(user, null))).toEqual(users);
    const [half, late] = [after(20_000), after(10_000_000)];
    expect(half.length / users.length).toBeCloseTo(0.5, 1);
    expect(late.length / users.length).toBeCloseTo(0.25, 1);
    expect(late.filter((user) => !half.includes(user))).toEqual([]);
    expect(users.filter((user) => trainer.logs(user, null, true))).toEqual(late);
    expect(users.some((user) => retrievalOf({ trainingShare: 0 }).trainer.logs(user, null))).toBe(
      false,
    );
  });

  test('takes in models of other kinds, checked by their kinds', () => {
    const sources = [{ name: 'popular', kind: 'trending' }];
    const { sources: read, rank } = retrievalOf({ sources });
    expect(read.map(({ kind: of }) => of)).toEqual(['blend', 'trending']);
    const nothing: Learned = { rows: new Map(), heads: new Map(), rankings: [] };
    expect(rank(drinker, [...learned, nothing], world)[0]?.itemId).toBe('milk');
    const faults = kind.retrievalSchema.safeParse({
      sources: [
        { name: 'a', kind: 'unheard-of' },
        { name: 'a', kind: 'trending', retrieval: { depth: 0 } },
      ],
    }).error?.issues;
    expect(faults?.map(({ path }) => path.join('.'))).toEqual([
      'sources.0.kind',
      'sources.1.name',
      'sources.1.retrieval.depth',
    ]);
  });
});
