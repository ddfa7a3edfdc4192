import { expect, test } from 'vitest';

import { switched, type TopicSets } from '../../lib/stream/topic-sets.ts';
import { planFor } from './begin-set.ts';

const cut = { offsets: [7], atMs: 100 };
const first: TopicSets = {
  current: { set: 1, partitions: 4 },
  next: null,
  kept: [],
  dropping: [],
  highest: 1,
  cut: null,
};
const plan = (sets: TopicSets, partitions: number, back = false): TopicSets =>
  planFor(sets, { partitions, back, above: 1 });
const over = (sets: TopicSets, partitions: number): TopicSets =>
  switched(plan(sets, partitions), { cut, untilMs: 500 });
/** 8 partitions are current; 6 and 4 are kept. */
const third = over(over(first, 6), 8);

test('going back is to the count that was named, and names what is kept where there is none', () => {
  expect(plan(third, 4, true).next).toEqual({ set: 1, partitions: 4, back: true });
  expect(plan(third, 6, true).next).toEqual({ set: 2, partitions: 6, back: true });
  expect(() => plan(third, 5, true)).toThrow(
    'no set with 5 partitions is kept; a set with 6 partitions (FRESHET_PARTITIONS=6/2) is: ' +
      '`npx freshet rebuild --partitions 6 --back`, a set with 4 partitions (FRESHET_PARTITIONS=4) ' +
      'is: `npx freshet rebuild --partitions 4 --back`',
  );
  expect(() => plan(first, 4, true)).toThrow(/^no set of internal topics is kept/);
});

test('a set that is half filled is gone on with by the same words, and named for others', () => {
  const back = plan(third, 4, true);
  expect(plan(back, 4, true)).toBe(back);
  const goOn =
    /a set with 4 .*=4\) is being filled: go on .*`npx freshet rebuild --partitions 4 --back`/;
  expect(() => plan(back, 6, true)).toThrow(goOn);
  expect(() => plan(back, 4)).toThrow(goOn);
  const forth = plan(third, 10);
  expect(plan(forth, 10)).toBe(forth);
  expect(() => plan(forth, 10, true)).toThrow(/=10\/4\) is being filled.*--partitions 10`/);
});

test('no second set is made with the count of the current one, or of any that is kept', () => {
  expect(() => plan(third, 8)).toThrow('8 partitions already (FRESHET_PARTITIONS=8/3)');
  for (const count of [4, 6])
    expect(() => plan(third, count)).toThrow(
      `go back to it with \`npx freshet rebuild --partitions ${count} --back\``,
    );
});
