import { expect, test } from 'vitest';

import { answersBeside } from './answers-beside.ts';

test('requests that grow are asked meanwhile, what cannot be seen is not, and one look says nothing', async () => {
  const looks: (readonly number[] | null)[] = [[5, 7], [5, 7], [5, 8], [5, 8], null, null];
  const topics = new Set<string>();
  const admin = {
    partitionCounts: async (named: readonly string[]) => new Map(named.map((topic) => [topic, 2])),
    topicOffsets: async (topic: string) => {
      topics.add(topic);
      const highs = looks.shift();
      if (highs === null || highs === undefined) throw new Error('no such topic');
      return highs.map((high, partition) => ({ partition, low: 0, high }));
    },
  };
  const look = answersBeside(admin, { prefix: 'shop' });
  const said: (boolean | null)[] = [];
  while (looks.length > 0) said.push(await look());
  expect(said).toEqual([null, false, true, false, false, false]);
  expect([...topics]).toEqual(['shop.requests.v1']);
});

test('offsets of a topic that is not there are not asked for', async () => {
  let asked = 0;
  const admin = {
    partitionCounts: async () => new Map<string, number>(),
    topicOffsets: async () => {
      asked += 1;
      return [];
    },
  };
  const look = answersBeside(admin, { prefix: 'shop' });
  expect([await look(), await look(), asked]).toEqual([null, false, 0]);
});
