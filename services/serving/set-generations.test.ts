import { expect, test } from 'vitest';

import { currentKey } from '../../lib/stream/current.ts';
import { topicSetsKey } from '../../lib/stream/topic-sets.ts';
import { current, FakeRedis } from './fakes.ts';
import { SetGenerations } from './set-generations.ts';

const names = ['seen-items', 'served'];
const put = (redis: FakeRedis, key: string, value: unknown): void =>
  void redis.values.set(key, Buffer.from(JSON.stringify(value)));

function world() {
  const redis = new FakeRedis();
  for (const name of names) put(redis, currentKey('shop', name), current(name, 's', 'user'));
  const seen = { ...current('seen-items', 's', 'user'), partitions: 6 };
  put(redis, currentKey('shop.s2', 'seen-items'), seen);
  const generations = new SetGenerations(redis, { prefix: 'shop', clockMs: () => 0 });
  const partitionsOf = (name: string) => generations.get(name)?.current.partitions;
  return { redis, generations, partitionsOf };
}

test('another set is followed for all folds in one moment; what all sets share stays', async () => {
  const { redis, generations, partitionsOf } = world();
  await generations.read(names);
  expect([generations.set, ...names.map(partitionsOf)]).toEqual([1, 4, 4]);
  put(redis, topicSetsKey('shop'), { current: { set: 2, partitions: 6 } });
  const reading = generations.read(names);
  expect([generations.set, ...names.map(partitionsOf)]).toEqual([1, 4, 4]);
  await reading;
  expect([generations.set, ...names.map(partitionsOf)]).toEqual([2, 6, 4]);
});

test('a set that is only being filled is not looked at', async () => {
  const { redis, generations } = world();
  const next = { set: 2, partitions: 6, back: false };
  put(redis, topicSetsKey('shop'), { current: { set: 1, partitions: 4 }, next });
  await generations.read(names);
  expect(generations.set).toBe(1);
});
