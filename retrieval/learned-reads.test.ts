import { expect, test } from 'vitest';

import { type Generation, generationOf } from '../lib/stream/generations.ts';
import type { PersonalRetrieval } from '../models/model.ts';
import { profileOf, visitedOnce } from '../models/profile.ts';
import { LearnedReads } from './learned-reads.ts';

const generationNamed = (name: string, id4: string): Generation =>
  generationOf({ name, hash: 'h', id4, lineage: 'l', code: 'l', family: 'item', partitions: 3 });
const near = generationNamed('learning:near', 'Near');
const far = generationNamed('learning:far', 'Farr');

/** Wants its recents of both sources, and the figures of what `near` names. */
const toy: PersonalRetrieval = {
  shared: false,
  sources: [
    { kind: 'near', learning: {}, headBytes: 3, rankings: true },
    { kind: 'far', learning: {}, headBytes: 4, rankings: false },
  ],
  needsItems: false,
  trainer: null,
  wants: ({ recents }) => [recents.map(({ itemId }) => itemId), ['z']],
  figures: (_, [first]) => [['x', ...(first?.rows.has('b') === true ? ['y'] : [])], ['x']],
  rank: () => [],
  explain: null,
};

function store() {
  const values = new Map<string, Buffer>();
  for (const id of ['a', 'b', 'x', 'y']) values.set(near.row(id), Buffer.from(`near ${id}`));
  for (const id of ['z', 'x']) values.set(far.row(id), Buffer.from(`far ${id}`));
  for (const [at, key] of near.shared().entries()) values.set(key, Buffer.from(`ranking ${at}`));
  const asked: string[][] = [];
  const redis = {
    mgetMany: async (groups: readonly (readonly string[])[]) => {
      for (const group of groups) {
        expect(new Set(group.map((key) => key.slice(0, key.indexOf('}')))).size).toBe(1);
        expect(new Set(group).size).toBe(group.length);
      }
      asked.push(groups.flat());
      return groups.map((group) => group.map((key) => values.get(key) ?? null));
    },
    getRanges: async (ranges: readonly { key: string; start: number; end: number }[]) => {
      asked.push(ranges.map(({ key }) => key));
      return ranges.map(
        ({ key, start, end }) => values.get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0),
      );
    },
  };
  return { asked, redis };
}

const bounds = {
  rowsBytesMax: 10_000,
  figuresAgeMsMax: 100,
  figuresMax: 1_000,
  rankingAgeMsMax: 100,
};
const taskOf = (generations: readonly (Generation | undefined)[], ...ids: readonly string[]) => ({
  retrieval: toy,
  generations,
  world: { items: null, weights: null },
  profile: profileOf(
    'u',
    ids.map((itemId) => visitedOnce({ itemId, atMs: 5, type: 'view' })),
  ),
});
const texts = (values: ReadonlyMap<string, Buffer> | undefined): string =>
  [...(values ?? [])].map(([key, bytes]) => `${key}=${bytes.toString()}`).join();

test('all profiles together take two round trips, and each gets its own', async () => {
  const { asked, redis } = store();
  const reads = new LearnedReads(redis, bounds);
  const tasks = [taskOf([near, far], 'a', 'missing'), taskOf([near, far], 'b', 'a')];
  const [first, second] = await reads.read(tasks, { rows: reads.newSlice(), nowMs: 0 });
  expect(asked.length).toBe(2);
  expect(texts(first?.[0]?.rows)).toBe('a=near a');
  expect(texts(first?.[1]?.rows)).toBe('z=far z');
  expect(texts(second?.[0]?.rows)).toBe('b=near b,a=near a');
  expect(texts(first?.[0]?.heads)).toBe('x=nea');
  expect(texts(second?.[0]?.heads)).toBe('x=nea,y=nea');
  expect(texts(second?.[1]?.heads)).toBe('x=far ');
  expect(first?.[0]?.rankings.map(String)).toEqual(['ranking 0', 'ranking 1', 'ranking 2']);
  expect(first?.[1]?.rankings).toEqual([]);
});

test('a row is kept for its slice, figures and rankings for their age', async () => {
  const { asked, redis } = store();
  const reads = new LearnedReads(redis, bounds);
  const slice = reads.newSlice();
  const readAt = (nowMs: number, rows = slice) =>
    reads.read([taskOf([near, far], 'a', 'missing')], { rows, nowMs });
  await readAt(0);
  expect(asked.length).toBe(2);
  await readAt(99);
  expect(asked.length).toBe(2);
  await readAt(99, reads.newSlice());
  expect(asked.length).toBe(3);
  await readAt(101);
  expect(asked.flat().filter((key) => key === near.shared()[0]).length).toBe(2);
  expect(asked.flat().filter((key) => key === near.row('x')).length).toBe(2);
});

test('rows are kept across slices for their age, where one is stated', async () => {
  const { asked, redis } = store();
  const reads = new LearnedReads(redis, { ...bounds, rowsAgeMsMax: 50 });
  const readAt = (nowMs: number) =>
    reads.read([taskOf([near, undefined], 'a', 'missing')], { rows: reads.newSlice(), nowMs });
  const times = (): number => asked.flat().filter((key) => key === near.row('a')).length;
  await readAt(0);
  const [kept] = await readAt(50);
  expect(times()).toBe(1);
  expect(texts(kept?.[0]?.rows)).toBe('a=near a');
  await readAt(51);
  expect(times()).toBe(2);
});

test('rows past the bound make room, and a source without a generation knows nothing', async () => {
  const { asked, redis } = store();
  const reads = new LearnedReads(redis, { ...bounds, rowsBytesMax: 150, figuresAgeMsMax: 1e6 });
  const rows = reads.newSlice();
  for (const id of ['a', 'b', 'b'])
    await reads.read([taskOf([near, undefined], id)], { rows, nowMs: 0 });
  const times = (key: string): number => asked.flat().filter((one) => one === key).length;
  expect([times(near.row('a')), times(near.row('b'))]).toEqual([1, 1]);
  const [again] = await reads.read([taskOf([near, undefined], 'a')], { rows, nowMs: 0 });
  expect(times(near.row('a'))).toBe(2);
  expect(again?.[1]).toEqual({ rows: new Map(), heads: new Map(), rankings: [] });
});

test('rows of another fold are looked for where their user lies', async () => {
  const { asked, redis } = store();
  const current = { name: 'external', hash: 'h', id4: 'Exte', lineage: 'l', code: 'x' };
  const own = generationOf({ ...current, family: 'user', partitions: 64 });
  const ofUser: PersonalRetrieval = {
    ...toy,
    sources: [{ kind: 'external', learning: {}, headBytes: 1, rankings: false, userFold: 'x' }],
    wants: ({ userId }) => [[`abcd${userId}`]],
    figures: () => [[]],
  };
  const tasks = ['ann', 'bob', 'cid'].map((userId) => ({
    retrieval: ofUser,
    generations: [own],
    world: { items: null, weights: null },
    profile: profileOf(userId, []),
  }));
  const reads = new LearnedReads(redis, bounds);
  await reads.read(tasks, { rows: reads.newSlice(), nowMs: 0 });
  const expected = ['ann', 'bob', 'cid'].map((user) => own.row(`abcd${user}`, user));
  expect(asked.flat().toSorted()).toEqual(expected.toSorted());
  expect(expected).not.toEqual(['ann', 'bob', 'cid'].map((user) => own.row(`abcd${user}`)));
});
