import { expect, test } from 'vitest';

import { type Act, creditsOf } from './credit.ts';
import type { Shown } from './shown.ts';

const minuteMs = 60_000;
const shownOf = (answerId: string, servedMs: number, items: readonly string[]): Shown => ({
  answerId,
  userId: 'ann',
  servedMs,
  answeredBy: 'mine',
  items: items.map((itemId) => ({ itemId, propensity: null })),
});
const actOf = (given: Partial<Act>): Act => ({
  userId: 'ann',
  itemId: 'tea',
  type: 'click',
  appendedMs: 11 * minuteMs,
  occurredMs: 11 * minuteMs,
  answerId: null,
  contextId: null,
  value: 0,
  ...given,
});

const shown = [
  shownOf('first', 10 * minuteMs, ['cup', 'tea']),
  shownOf('second', 20 * minuteMs, ['tea']),
];
const options = { context: 'home', kinds: ['click'], withinMs: 60 * minuteMs };
const credited = (given: Partial<Act>, at = options): string[] =>
  creditsOf(shown, [actOf(given)], at).map((one) => `${one.shown.answerId} ${one.place}`);

test.each([
  ['by its item, to the newest answer before it', {}, ['first 1']],
  ['the same later', { appendedMs: 21 * minuteMs, occurredMs: 21 * minuteMs }, ['second 0']],
  [
    'by its answer, though a newer one showed it',
    { answerId: 'first', appendedMs: 25 * minuteMs },
    ['first 1'],
  ],
  [
    'by its answer, of an item that was not in it',
    { answerId: 'second', appendedMs: 25 * minuteMs, itemId: 'jug' },
    ['second -1'],
  ],
  ['by its item where its answer is not known', { answerId: 'other' }, ['first 1']],
  ['in its context', { contextId: 'home' }, ['first 1']],
  ['not in another context', { contextId: 'basket' }, []],
  ['not of an item that was not shown', { itemId: 'jug' }, []],
  ['not of another user', { userId: 'bob' }, []],
  ["not by another user's answer", { userId: 'bob', answerId: 'first' }, []],
  ['not of another kind', { type: 'view' }, []],
  ['not when it happened before', { occurredMs: 5 * minuteMs }, []],
  ['not when it came too late', { appendedMs: 90 * minuteMs, answerId: 'first' }, []],
])('credits %s', (_, given, expected) => {
  expect(credited(given)).toEqual(expected);
});

test('no kinds are all kinds', () => {
  expect(credited({ type: 'view' }, { ...options, kinds: [] })).toEqual(['first 1']);
});
