import { describe, expect, test } from 'vitest';

import { slotOf } from '../../lib/redis/slot.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import { kinds } from '../../models/kinds.ts';
import { encodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { featuresAt, featuresLayout } from '../../schemas/packed/user-features.ts';
import { learnerOf } from '../../services/learning/learners.ts';
import { sweepableLists } from './lists.ts';
import { foldsWithRows, newestVisitOf, sweepableRows } from './rows.ts';

const generation = (name: string, code: string, horizonMs?: number): CurrentGeneration => ({
  name,
  hash: name,
  id4: 'abcd',
  lineage: 'lineage-0001',
  code,
  family: 'user',
  partitions: 3,
  ...(horizonMs === undefined ? {} : { horizonMs }),
});
const own = generation('candidates', 'c');
const features = generation('user-features', 'f', 1_000);
const [lists, profiles] = [foldKeys(own), foldKeys(features)];
const inUse = 'co-visits@in-use';
const knownMs = 50_000;

const profile = (lastSeenMs: number, layout = featuresLayout): Buffer => {
  const row = Buffer.alloc(64);
  row[0] = layout;
  row.writeUIntLE(lastSeenMs, featuresAt.lastSeen, 6);
  return row;
};

/** Which of these lists may go; the partition's newest event is of 10,000, its next offset 70. */
async function expired(
  given: readonly { model?: string; user: string; madeOf?: number; madeAtMs?: number }[],
  used: ReadonlySet<string> | null = new Set([inUse]),
): Promise<string[]> {
  const { values, load } = memoryStore();
  const header = { hashes: ['x'], marks: [[]] };
  const set = (key: string, text: string): void => void values.set(key, Buffer.from(text));
  set(profiles.header(0), formatHeader({ ...header, offsets: [70], newestMs: [10_000] }));
  set(lists.header(0), formatHeader({ ...header, offsets: [60], newestMs: [-1] }));
  values.set(profiles.row(0, 'here'), profile(9_500));
  values.set(profiles.row(0, 'away'), profile(8_500));
  values.set(profiles.row(0, 'other-layout'), profile(8_500, 99));
  const keys = given.map(({ model = inUse, user, madeOf = 40, madeAtMs = 40_000 }) => {
    const key = lists.row(0, listPrefix(model) + user);
    const list = { profileOffset: madeOf, computedAtMs: madeAtMs, newestAtMs: 1, candidates: [] };
    values.set(key, encodeCandidates(list));
    return key;
  });
  const redis = {
    mget: load,
    getRanges: async (asked: readonly { readonly key: string; start: number; end: number }[]) =>
      asked.map(({ key, end }) => (values.get(key) ?? Buffer.alloc(0)).subarray(0, end + 1)),
  };
  const [target] = sweepableLists({ redis, own, features, inUse: used, knownMs });
  const looked = await target?.look(keys);
  expect(looked?.header).toEqual(values.get(lists.header(0)));
  expect(looked?.rows).toBe(given.length);
  return given.flatMap(({ user }, at) => (looked?.expired.includes(keys[at] ?? '') ? [user] : []));
}

test('a list goes when its user’s profile is gone or has expired', async () => {
  const users = ['here', 'away', 'nobody', 'other-layout'].map((user) => ({ user }));
  expect(await expired(users)).toEqual(['away', 'nobody']);
});

test('but not where profiles are being folded anew, and know less than the list', async () => {
  expect(await expired([{ user: 'nobody', madeOf: 71 }])).toEqual([]);
  expect(await expired([{ user: 'nobody', madeOf: 70 }])).toEqual(['nobody']);
});

test('a list goes when no context names its model, unless it was made since that was found', async () => {
  const model = 'co-visits@gone';
  expect(await expired([{ user: 'here', model }])).toEqual(['here']);
  expect(await expired([{ user: 'here', model, madeAtMs: knownMs }])).toEqual([]);
  expect(await expired([{ user: 'here', model }], null)).toEqual([]);
});

test('all keys of a chunk lie in one slot, so that one script may name them', () => {
  const redis = { mget: async () => [], getRanges: async () => [] };
  const targets = [
    ...foldsWithRows.flatMap((name) => sweepableRows(generation(name, 'q', 5), memoryStore())),
    ...sweepableLists({ redis, own, features, inUse: null, knownMs }),
  ];
  expect(targets).toHaveLength(3 * (foldsWithRows.length + 1));
  const slot = (key: string): number => slotOf(key.slice(1, 3));
  for (const { headerKey, prefix } of targets) expect(slot(prefix)).toBe(slot(headerKey));
  expect(new Set(targets.map(({ prefix }) => prefix.length))).toEqual(new Set([9]));
});

test('rows are swept by the horizon of their generation; without one, or of another layout, never', async () => {
  expect(sweepableRows(generation('user-features', 'f'), memoryStore())).toEqual([]);
  expect(sweepableRows(generation('learning:x', 'l', 5), memoryStore())).toEqual([]);
  const store = memoryStore();
  const header = { offsets: [1], hashes: ['x'], marks: [[]], newestMs: [10_000] };
  store.values.set(profiles.header(0), Buffer.from(formatHeader(header)));
  const keys = ['away', 'here', 'other'].map((user) => profiles.row(0, user));
  for (const [at, row] of [profile(8_999), profile(9_000), profile(1, 99)].entries())
    store.values.set(keys[at] ?? '', row);
  const [target] = sweepableRows(features, store);
  expect((await target?.look(keys))?.expired).toEqual(keys.slice(0, 1));
});

describe('what was learned of items', () => {
  const learnerFor = (kind: string) => {
    const learner = learnerOf({ kind, learning: kinds.get(kind)?.learningSchema.parse({}) }, kinds);
    if (learner === null) throw new Error('no such kind');
    return learner;
  };

  test.each(['blend', 'trending'])(
    'is swept by the newest visit that a row of %s says',
    async (kind) => {
      const learner = learnerFor(kind);
      const current = { ...generation(learner.name, 'l', 1_000), family: 'item' as const };
      const keys = foldKeys(current);
      const store = memoryStore();
      const header = { offsets: [1], hashes: ['x'], marks: [[]], newestMs: [100_000] };
      store.values.set(keys.header(0), Buffer.from(formatHeader(header)));
      const rowAt = (item: string, atMs: number): string => {
        const context = { atMs, clock: 1, type: 'view' };
        const row = learner.side.learn(undefined, { item, others: [], notes: [] }, context);
        const write = learner.side.rows.encode(row);
        const key = keys.row(0, item);
        store.values.set(key, 'whole' in write ? write.whole : Buffer.alloc(0));
        return key;
      };
      const rows = [rowAt('old', 90_000), rowAt('new', 99_500)];
      const unreadable = keys.row(0, 'unreadable');
      store.values.set(unreadable, Buffer.alloc(200, 99));
      const [target] = sweepableRows(current, store, newestVisitOf(learner));
      const looked = await target?.look([...rows, unreadable]);
      expect(looked).toMatchObject({ rows: 3, expired: rows.slice(0, 1) });
    },
  );

  test('stays where rows say no time, or were folded without a horizon', () => {
    expect(newestVisitOf(learnerFor('co-visits'))).toBeNull();
    const { name } = learnerFor('blend');
    const lastMs = newestVisitOf(learnerFor('blend'));
    expect(sweepableRows(generation(name, 'l'), memoryStore(), lastMs)).toEqual([]);
    expect(sweepableRows(generation(name, 'l', 5), memoryStore(), lastMs)).toHaveLength(3);
  });
});
