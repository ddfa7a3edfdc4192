import { expect, test } from 'vitest';

import { recommendations } from '../../topics/recommendations.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { SeenCheck } from './seen-check.ts';

const dayMs = 86_400_000;
const judgedAtMs = 1_700_000_000_000;
const answer = (
  items: readonly string[],
  change: Partial<Recommendation> = {},
): Recommendation => ({
  ...(recommendations.example as unknown as Recommendation),
  user_id: 'u',
  context_id: 'home-feed',
  items: items.map((item_id) => ({ item_id, score: 1, step: 0 })),
  seen_offset: 10,
  seen_since: null,
  judged_at: judgedAtMs,
  ...change,
});

const before = new Map([['u', new Map([['old', judgedAtMs - 400 * dayMs]])]]);
const check = (reach: number, answers: readonly Recommendation[]): string[] => {
  const seen = new SeenCheck(before, new Map([['home-feed', reach]]));
  seen.took({ userId: 'u', itemId: 'late', atMs: judgedAtMs - dayMs, offset: 9 });
  seen.took({ userId: 'u', itemId: 'later', atMs: judgedAtMs - dayMs, offset: 10 });
  for (const one of answers) seen.answered(one);
  return seen.violations().map(({ itemId }) => itemId);
};

test('an item seen before the stated offset is a violation, one seen after it is not', () => {
  expect(check(Infinity, [answer(['old', 'late', 'later', 'new'])])).toEqual(['old', 'late']);
});

test('other users and contexts without the rule are not judged', () => {
  expect(check(Infinity, [answer(['old'], { context_id: 'basket' })])).toEqual([]);
  expect(check(Infinity, [answer(['old', 'late'], { user_id: 'v' })])).toEqual([]);
});

test('a rule with a reach, and what is kept, say how far back an item counts', () => {
  expect(check(365 * dayMs, [answer(['old', 'late'])])).toEqual(['late']);
  const cut = { seen_since: judgedAtMs - 2 * dayMs };
  expect(check(Infinity, [answer(['old', 'late'], cut)])).toEqual(['late']);
});
