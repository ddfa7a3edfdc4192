import { expect, test } from 'vitest';

import type { Explained } from '../../models/model.ts';
import type { BoundRule } from '../../services/serving/answer.ts';
import { judgeLadder } from './ladder.ts';

const list = (...ids: string[]): Explained[] =>
  ids.map((itemId, n) => ({ itemId, score: 1 / (n + 1), proposals: [], because: null }));
const exclude: BoundRule = { name: 'exclude', removes: (item) => item === 'a1' };
/** One of each letter. */
const atMost: BoundRule = {
  name: 'at-most',
  removes: () => false,
  tally: () => {
    const letters = new Set<string | undefined>();
    return { removes: (item) => letters.has(item[0]), add: (item) => void letters.add(item[0]) };
  },
};

test('every candidate says which rule removed it, one on the whole answer too', () => {
  const { steps } = judgeLadder({
    steps: [list('a1', 'a2', 'a3', 'b1'), list('b2', 'c1')],
    rules: [exclude, atMost],
    wanted: 3,
    atLeast: 1,
  });
  expect(steps.flat().map(({ itemId, removedBy, place }) => [itemId, removedBy, place])).toEqual([
    ['a1', 'exclude', null],
    ['a2', null, 1],
    ['a3', 'at-most', null],
    ['b1', null, 2],
    ['b2', 'at-most', null],
    ['c1', null, 3],
  ]);
});
