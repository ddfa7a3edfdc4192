import fc from 'fast-check';
import { expect, test } from 'vitest';

import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { highestSet } from './set-topics.ts';

const brokersWith = (sets: readonly number[]) => {
  const there = new Set(sets.map((set) => topicName(prefixOfSet('p', set), interactions)));
  return {
    partitionCounts: async (names: readonly string[]) =>
      new Map(names.filter((name) => there.has(name)).map((name) => [name, 4])),
  };
};

test('a set that was dropped does not hide a later one, whose number would be given again', async () => {
  const dropped = fc.array(fc.integer({ min: 1, max: 33 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(dropped, async (steps) => {
      const sets = steps.reduce<number[]>((all, step) => [...all, (all.at(-1) ?? 1) + step], [1]);
      expect(await highestSet(brokersWith(sets), 'p')).toBe(sets.at(-1));
    }),
  );
});
