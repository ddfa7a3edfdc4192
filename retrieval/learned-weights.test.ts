import { expect, test } from 'vitest';

import { generationOf } from '../lib/stream/generations.ts';
import { learnedUpTo } from './learned-up-to.ts';
import { LearnedWeights } from './learned-weights.ts';

const generationNamed = (id4: string, name = 'weights') =>
  generationOf({ name, hash: 'h', id4, lineage: 'l', code: 'w', family: 'item', partitions: 3 });
const one = generationNamed('One1');
const trained = (name: string) => ({ trainer: { name } });

function store(values: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const redis = {
    mgetMany: async (groups: readonly (readonly string[])[]) => {
      for (const group of groups)
        expect(new Set(group.map((key) => key.slice(0, key.indexOf('}')))).size).toBe(1);
      asked.push(...groups.flat());
      return groups.map((group) =>
        group.map((key) => (values[key] === undefined ? null : Buffer.from(values[key]))),
      );
    },
  };
  return { redis, asked };
}

test('weights are read once per stated age, also where there are none', async () => {
  const { redis, asked } = store({ [one.row('a')]: 'A' });
  const weights = new LearnedWeights(100);
  const readAt = (nowMs: number) =>
    weights.read(redis, ['a', 'b', 'a'], { generation: one, nowMs });
  await readAt(0);
  expect(asked.length).toBe(2);
  expect(weights.of(trained('a'))?.toString()).toBe('A');
  expect(weights.of(trained('b'))).toBeNull();
  expect(weights.of({ trainer: null })).toBeNull();
  await readAt(99);
  expect(asked.length).toBe(2);
  expect(weights.ageMs(['a', 'b'], 99)).toBe(99);
  expect(weights.ageMs(['b'], 99)).toBeNull();
  await readAt(100);
  expect(asked.length).toBe(4);
  // A clock that went back makes nothing fresh.
  await readAt(50);
  expect(asked.length).toBe(6);
});

test('another generation is read at once, and where there is none nothing is known', async () => {
  const two = generationNamed('Two2');
  const { redis } = store({ [one.row('a')]: 'A', [two.row('a')]: 'B' });
  const weights = new LearnedWeights(100);
  await weights.read(redis, ['a'], { generation: one, nowMs: 0 });
  await weights.read(redis, ['a'], { generation: two, nowMs: 1 });
  expect(weights.of(trained('a'))?.toString()).toBe('B');
  await weights.read(redis, ['a'], { generation: undefined, nowMs: 2 });
  expect(weights.of(trained('a'))).toBeNull();
});

test('what may have been learned of a partition is told by the highest mark of all folds', async () => {
  const near = generationNamed('Near', 'learning:near');
  const far = generationNamed('Farr', 'learning:far');
  const { redis } = store({
    [near.keys.header(0)]: '5 aaaaaaaa 7;3',
    [near.keys.header(2)]: '5 aaaaaaaa 2;9',
    [far.keys.header(1)]: '5 aaaaaaaa 8',
  });
  expect(await learnedUpTo(redis, [near, undefined, far], 0)).toBe(9);
  expect(await learnedUpTo(redis, [near, far], 1)).toBe(10);
  expect(await learnedUpTo(redis, [near, far], 2)).toBe(0);
  expect(await learnedUpTo(redis, [undefined], 0)).toBe(0);
});
