import { expect, test } from 'vitest';

import type { RuleName } from '../../models/rules.ts';
import { answer, type BoundRule } from './answer.ts';
import { ruleMetrics } from './effects.ts';
import type { AnsweredRequest } from './outputs.ts';

const rule = (name: RuleName, removed: string): BoundRule => ({
  name,
  removes: (itemId) => removed.includes(itemId),
});

/** Two steps; each letter is an item. */
const done = (
  [first, second]: readonly [string, string],
  rules: readonly BoundRule[],
  { wanted = 4, atLeast = 2 } = {},
): AnsweredRequest => {
  const list = (ids: string) => () => ids.split('').map((itemId) => ({ itemId, score: 1 }));
  const answered = answer({ wanted, atLeast, rules, steps: [list(first), list(second)] });
  return {
    accepted: { wanted, page: null, context: { definition: { context: 'home', atLeast } } },
    answered,
    ladder: [
      { step: 'one', model: 'own@1', category: null },
      { step: 'two', model: 'rest@1', category: null },
    ],
  } as unknown as AnsweredRequest;
};

const metrics = (...all: AnsweredRequest[]): Record<string, Readonly<Record<string, number>>> =>
  Object.fromEntries(
    ruleMetrics(all, 7).map(({ labels, values }) => [labels['model_version'], values]),
  );

test('what rules removed counts for the model that it was removed from', () => {
  const rules = [rule('not-seen', 'abc'), rule('available', 'x')];
  expect(metrics(done(['abcdef', 'xyz'], rules))).toEqual({
    'own@1': { count: 1, 'touched_not-seen': 1, 'removed_not-seen': 3 },
    'rest@1': { count: 1, touched_available: 1, removed_available: 1 },
  });
});

test('a rule pushed a step below where it alone made the difference', () => {
  const both = [rule('not-seen', 'ab'), rule('available', 'c')];
  expect(metrics(done(['abcd', 'xyz'], both))['own@1']).toEqual({
    count: 1,
    'touched_not-seen': 1,
    'removed_not-seen': 2,
    'below_not-seen': 1,
    touched_available: 1,
    removed_available: 1,
    below_available: 1,
  });
  const few = metrics(done(['ab', 'xyz'], both, { atLeast: 3 }))['own@1'];
  expect(few).toEqual({
    count: 1,
    'touched_not-seen': 1,
    'removed_not-seen': 2,
    'emptied_not-seen': 1,
  });
});

test('a step that only filled up was not pushed below', () => {
  expect(metrics(done(['abc', 'xy'], [rule('exclude', 'xy')]))['rest@1']).toEqual({
    count: 1,
    touched_exclude: 1,
    removed_exclude: 2,
  });
});

test('a batch is one event per context and model', () => {
  const one = done(['abcdef', 'xyz'], [rule('not-seen', 'abc')]);
  const events = ruleMetrics([one, one, one], 7);
  expect(events.map(({ name, at, labels }) => [name, at, labels])).toEqual([
    ['rules', 7, { context: 'home', model_version: 'own@1' }],
    ['rules', 7, { context: 'home', model_version: 'rest@1' }],
  ]);
  expect(events[0]?.values).toEqual({ count: 3, 'touched_not-seen': 3, 'removed_not-seen': 9 });
});
