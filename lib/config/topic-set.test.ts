import { expect, test } from 'vitest';

import { interactions } from '../../topics/interactions.ts';
import { userEvents } from '../../topics/user-events.ts';
import { topicName } from '../../topics/topic.ts';
import { commonConfig } from './common.ts';
import { installationOf, partitionsText, prefixOfSet, setOf } from './topic-set.ts';

const environment = {
  FRESHET_PREFIX: 'shop-1',
  FRESHET_KAFKA_BROKERS: 'a:9092',
  FRESHET_REGISTRY_URL: 'http://r:8081',
  FRESHET_REDIS_URL: 'redis://r:6379',
};

test('a prefix says which set it is of, and names the installation without it', () => {
  expect(prefixOfSet('shop', 1)).toBe('shop');
  expect(prefixOfSet('shop', 12)).toBe('shop.s12');
  expect(prefixOfSet('shop.s12', 3)).toBe('shop.s3');
  expect([setOf('shop'), setOf('shop.s12')]).toEqual([1, 12]);
  expect(installationOf('shop.s12')).toBe('shop');
});

test('FRESHET_PARTITIONS is a count, and from the second set on its number as well', () => {
  const of = (FRESHET_PARTITIONS: string) => commonConfig({ ...environment, FRESHET_PARTITIONS });
  expect(of('6')).toMatchObject({ partitions: 6, prefix: 'shop-1' });
  expect(of('6/2')).toMatchObject({ partitions: 6, prefix: 'shop-1.s2' });
  expect(partitionsText({ partitions: 6, set: 2 })).toBe('6/2');
  expect(partitionsText({ partitions: 6, set: 1 })).toBe('6');
  for (const wrong of ['0/2', '6/0', '6/', '/2', '1025/2', '6/2/1'])
    expect(() => of(wrong)).toThrow('FRESHET_PARTITIONS takes a whole number from 1 to 1024');
});

test('only internal topics are of a set', () => {
  expect(topicName('shop.s2', interactions)).toBe('shop.s2.interactions.v1');
  expect(topicName('shop.s2', userEvents)).toBe('shop.user-events.v1');
});
