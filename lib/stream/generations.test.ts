import { expect, test } from 'vitest';

import { partitionOf } from '../kafka/partitioner.ts';
import { type CurrentGeneration, currentKey } from './current.ts';
import { generationOf, Generations } from './generations.ts';
import { foldKeys } from './keys.ts';

const pointer = (name: string, change: Partial<CurrentGeneration> = {}): CurrentGeneration => ({
  name,
  hash: 'hash-1',
  id4: 'aB3_',
  lineage: 'lineage',
  code: 'f',
  family: 'user',
  partitions: 4,
  ...change,
});

const stage = (ageMsMax: number) => {
  const values = new Map<string, string>();
  const asked: string[] = [];
  const clock = { nowMs: 10_000, away: false };
  const held = new Map<string, Promise<void>>();
  const redis = {
    getString: async (key: string) => {
      if (clock.away) throw new Error('Redis is away');
      asked.push(key);
      await held.get(key);
      return values.get(key) ?? null;
    },
  };
  const generations = new Generations(redis, {
    prefixOf: () => 'shop',
    ageMsMax,
    clockMs: () => clock.nowMs,
  });
  const point = (current: CurrentGeneration): void =>
    void values.set(currentKey('shop', current.name), JSON.stringify(current));
  const unpoint = (name: string): void => void values.delete(currentKey('shop', name));
  const hold = (name: string): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set(currentKey('shop', name), promise);
    return resolve;
  };
  return { generations, asked, clock, point, unpoint, hold };
};

test('keys of a row, a header and the shared values are those of its generation', () => {
  const generation = generationOf(pointer('features'));
  const keys = foldKeys({ code: 'f', family: 'user', id4: 'aB3_' });
  const partition = partitionOf('ann', 4);
  expect(generation.row('ann')).toBe(keys.row(partition, 'ann'));
  expect(generation.header('ann')).toBe(keys.header(partition));
  expect(generation.shared()).toEqual([0, 1, 2, 3].map((each) => keys.shared(each)));
});

test('a row with a name of its own lies in the partition of its owner', () => {
  const generation = generationOf(pointer('candidates'));
  const owners = ['ann', 'bob', 'cid', 'dan', 'eve'];
  for (const owner of owners) {
    const key = generation.row(`mv4_${owner}`, owner);
    expect(key).toBe(generation.keys.row(partitionOf(owner, 4), `mv4_${owner}`));
    expect(key.slice(0, key.indexOf('}'))).toBe(
      generation.header(owner).slice(0, key.indexOf('}')),
    );
  }
});

test('only folds with a current generation are found', async () => {
  const { generations, point } = stage(2_000);
  point(pointer('features'));
  const found = await generations.read(['features', 'candidates']);
  expect([...found.keys()]).toEqual(['features']);
  expect(generations.get('features')).toBe(found.get('features'));
  expect(generations.get('candidates')).toBeUndefined();
});

test('a pointer is read again once it is older than stated, and not before', async () => {
  const { generations, asked, clock, point } = stage(2_000);
  point(pointer('features'));
  await generations.read(['features']);
  point(pointer('features', { hash: 'hash-2', id4: 'new4' }));
  clock.nowMs += 2_000;
  expect((await generations.read(['features'])).get('features')?.current.id4).toBe('aB3_');
  expect(asked.length).toBe(1);
  clock.nowMs += 1;
  expect((await generations.read(['features'])).get('features')?.current.id4).toBe('new4');
  expect(generations.get('features')?.current.id4).toBe('new4');
});

test('a fold that is not there yet is looked for every time, and one that goes is gone', async () => {
  const { generations, clock, point, unpoint } = stage(2_000);
  expect((await generations.read(['features'])).size).toBe(0);
  point(pointer('features'));
  expect((await generations.read(['features'])).size).toBe(1);
  unpoint('features');
  clock.nowMs += 2_001;
  expect((await generations.read(['features'])).size).toBe(0);
  expect(generations.get('features')).toBeUndefined();
});

test('with no age every call reads, and what is not asked for is forgotten', async () => {
  const { generations, asked, point } = stage(0);
  point(pointer('features'));
  point(pointer('candidates'));
  await generations.read(['features', 'candidates', 'features']);
  expect(asked.length).toBe(2);
  await generations.read(['features']);
  expect(asked.length).toBe(3);
  expect(generations.get('candidates')).toBeUndefined();
});

test('while Redis is away what is known stays', async () => {
  const { generations, clock, point } = stage(0);
  point(pointer('features'));
  await generations.read(['features']);
  clock.away = true;
  await expect(generations.read(['features'])).rejects.toThrow('away');
  expect(generations.get('features')?.current.hash).toBe('hash-1');
});

test('calls at the same time do not take from each other what they asked for', async () => {
  const { generations, clock, point, hold } = stage(2_000);
  for (const name of ['a', 'b', 'c']) point(pointer(name));
  await generations.read(['a']);
  clock.nowMs += 2_000;
  const release = hold('b');
  const both = generations.read(['a', 'b']);
  clock.nowMs += 1;
  // Forgets `a`, which has become old meanwhile.
  await generations.read(['c']);
  release();
  expect([...(await both).keys()]).toEqual(['a', 'b']);
});
