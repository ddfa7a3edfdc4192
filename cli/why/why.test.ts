import { expect, test } from 'vitest';

import type { Candidate, Explained } from '../../models/model.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { readSeen } from '../../schemas/packed/seen-items.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { plainRequest } from '../../schemas/plain-request.ts';
import { ItemTable } from '../../models/item-table.ts';
import { profileOf, visitedOnce } from '../../models/profile.ts';
import { judgeLadder } from './ladder.ts';
import type { Recomputed } from './recompute.ts';
import { reportOf } from './report.ts';
import { spotOf } from './stated.ts';
import { ago, textOf } from './text.ts';

const candidate = (itemId: string, score: number, because: string | null = null): Explained => ({
  itemId,
  score,
  because,
  proposals: [
    { source: 'near', score, rank: 2 },
    { source: 'often', score: 3, rank: 0 },
  ],
});
const steps = [
  [candidate('had', 1), candidate('a', 0.5, 'own'), candidate('gone', 0.25), candidate('b', 0.125)],
  [candidate('a', 9), candidate('c', 8), candidate('d', 7)],
];
const rules = [
  { name: 'not-seen' as const, removes: (item: string) => item === 'had' },
  { name: 'available' as const, removes: (item: string) => item === 'gone' || item === 'had' },
];
const ladder = judgeLadder({ steps, rules, wanted: 3, atLeast: 1 });

test('every candidate has its place or the first rule that objects', () => {
  expect(ladder.answered.items.map(({ itemId }) => itemId)).toEqual(['a', 'b', 'c']);
  const said = ladder.steps.map((step) =>
    step.map(({ itemId, removedBy, place }) => `${itemId} ${removedBy ?? place ?? '-'}`),
  );
  expect(said).toEqual([
    ['had not-seen', 'a 1', 'gone available', 'b 2'],
    // Of the other step `a` is not the one that was answered with.
    ['a -', 'c 3', 'd -'],
  ]);
});

const atMs = Date.parse('2026-01-02T00:00:00Z');
const titles = new Map([
  ['a', 'Lantern'],
  ['own', 'Candle'],
  ['had', 'Clock'],
]);
const definition = {
  context: 'feed',
  size: 3,
  atLeast: 1,
  rules: [],
  ladder: [],
  expectations: {},
};
const step = (name: string, list: readonly Explained[] | null) => ({
  step: name,
  model: `${name}@1`,
  kind: name,
  category: null,
  stored: null,
  list,
});
const listed: readonly Candidate[] = [
  { itemId: 'had', score: 3 },
  { itemId: 'a', score: 1, propensity: 0.001 },
  { itemId: 'old', score: 1, propensity: 0.95 },
  { itemId: 'b', score: 1 },
];
const made: Recomputed = {
  atMs,
  context: { version: 'feed@1', revision: 1, definition },
  isKnown: true,
  user: {
    profile: profileOf('u', [visitedOnce({ itemId: 'own', atMs: atMs - 1, type: 'purchase' })]),
    newestAtMs: atMs - 90_000,
    profileOffset: 7,
    seenOffset: 7,
    seen: readSeen(null, { horizonMs: null, newestMs: -1 }),
    attributes: new Map(),
    served: () => false,
  },
  steps: [
    {
      ...step('personal', steps[0] ?? []),
      stored: {
        profileOffset: 6,
        newestAtMs: atMs,
        computedAtMs: atMs - 3_000,
        candidates: () => ({ length: listed.length, at: (n) => listed[n], all: () => listed }),
      },
    },
    step('trending', steps[1] ?? []),
  ],
  ladder,
  ages: {
    learned: new Map([['learning:x', { newestAtMs: atMs - 1_000 }]]),
    weights: new Map([['personal@1', { newestAtMs: null }]]),
  },
};
const items = { table: new ItemTable(), titles, offsets: [3, 4], newestAtMs: atMs };
const answer: Recommendation = recommendations.example as unknown as Recommendation;

test('a report says what was stated, and what each source and rule does now', () => {
  const request = plainRequest('u', 'feed');
  const report = reportOf({ stated: { answer, request: null }, request, made, items });
  expect(report).toMatchObject({
    request_known: false,
    answered_by: 'personal',
    items: [{ item_id: 'a', because: { item_id: 'own', title: 'Candle' } }, {}, {}],
    removed: { 'not-seen': 1, available: 1 },
  });
  expect(report.steps[0]?.stored).toMatchObject({
    items: 4,
    // `had` is in both lists, but rules remove it: that says nothing of how they agree.
    left_after_rules: 3,
    compared: 3,
    same_as_recomputed: 2,
  });
  expect(report.steps[0]?.candidates.map(({ stored }) => stored)).toEqual([
    { place: 1, exploration: null },
    { place: 2, exploration: { propensity: 0.001, is_drawn: true } },
    null,
    { place: 4, exploration: null },
  ]);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  const text = textOf(report, { limit: 1, nowMs: atMs });
  for (const part of [
    'ANSWER requests-0-42, as it was given',
    'AS OF NOW: all below is recomputed',
    'The request is no longer kept',
    'PROFILE of user u',
    '2 of the first 3 left of it would be among the first left if the list were made now',
    'IF THE LIST WERE MADE NOW: 4 candidates, 2 left after rules',
    '2 (explored, chance 0.0010)',
    'ANSWER IF THE LISTS WERE MADE NOW: by personal',
    'near 2 (0.50), often - (3.0)',
    'own Candle',
    '(and 1 more)',
    'removed by not-seen: 1: had Clock',
    'newest interaction of the user: 2026-01-01T23:58:30.000Z (1 minute ago)',
    'newest example in the weights of personal@1: never',
    'items: offsets 3/4',
  ])
    expect(text).toContain(part);
});

test('without an answer nothing is said of one; of a stranger that nothing is known', () => {
  const stranger = { ...made, isKnown: false, user: { ...made.user, profile: profileOf('s', []) } };
  const nothing = judgeLadder({ steps: [[]], rules, wanted: 3, atLeast: 1 });
  const report = reportOf({
    stated: null,
    request: plainRequest('s', 'feed'),
    made: { ...stranger, steps: [step('personal', null)], ladder: nothing },
    items,
  });
  const text = textOf(report, { limit: 5, nowMs: atMs });
  expect(text).not.toContain('as it was given');
  expect(text).toContain('nothing is known of this user');
  expect(text).toContain('nothing has been learned of this model yet');
  expect(text).toContain('no item is left');
});

test('an answer id says where its request lies, and anything else is refused', () => {
  expect(spotOf('requests-3-120')).toEqual({ partition: 3, offset: 120 });
  for (const wrong of ['', 'requests-3', 'requests--1-2', 'requests-3-120x', 'answers-1-2'])
    expect(() => spotOf(wrong)).toThrow('is no answer id');
});

test('ages are told in the largest unit that fits', () => {
  const said = (ms: number): string => ago(new Date(atMs - ms).toISOString(), atMs);
  expect(said(3_600_000)).toMatch(/\(1 hour ago\)$/);
  expect(said(59_999)).toMatch(/\(59 seconds ago\)$/);
  expect(said(999)).toMatch(/\(just now\)$/);
  expect(said(-5_000)).toMatch(/\(just now\)$/);
  expect(ago(null, atMs)).toBe('never');
});
