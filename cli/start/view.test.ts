import { expect, test } from 'vitest';

import { ShownUsers } from './shown-users.ts';
import { behindTexts, paceOf, type Scene, userLines } from './view.ts';
import { recommendations } from '../../topics/recommendations.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';

const scene = (candidates: number, sent: number): Scene => ({
  phase: 'replaying',
  sent,
  total: 100,
  accepted: 50,
  duplicates: 0,
  failed: 0,
  behind: new Map([
    ['learning', 3],
    ['candidates', candidates],
  ]),
  requests: 0,
  answers: 0,
  answerMs: null,
  shown: [],
});

test('events have a speed, and where none is left to judge, what is waited for is named', () => {
  expect(paceOf(scene(4_000, 50), 12_345)).toBe('12,345/s');
  expect(paceOf(scene(4_000, 50), 0)).toBe('waiting for candidates to catch up');
  expect(paceOf(scene(0, 50), 0)).toBe('waiting for learning to catch up');
  expect(paceOf(scene(4_000, 80), 0)).toBe('0/s');
});

test('a service whose work comes after another says what it waits for', () => {
  const of = (features: number): string[] =>
    behindTexts({
      ...scene(0, 50),
      behind: new Map([
        ['user-features', features],
        ['candidates', 4_000],
      ]),
    });
  expect(of(7)).toEqual(['user-features 7', 'candidates 4,000 (waits for user-features)']);
  expect(of(0)).toEqual(['user-features 0', 'candidates 4,000']);
});

test('what a user is recommended stands beside the item of theirs that did most for it', () => {
  const titles = new Map([
    ['a', 'Lantern'],
    ['own', 'Candle'],
  ]);
  const shown = new ShownUsers(['u'], { contextId: 'feed', titles });
  const linesNow = (): string[] =>
    shown.now(() => new Map([['a', 'own']])).flatMap((user) => userLines(user));
  expect(linesNow()).toEqual(['user u        (nothing yet)']);
  const take = (ids: readonly string[]): void =>
    shown.took({
      ...(recommendations.example as unknown as Recommendation),
      user_id: 'u',
      context_id: 'feed',
      items: ids.map((item_id) => ({ item_id, score: 1, step: 0 })),
    });
  take(['a', 'b']);
  expect(linesNow()[1]).toMatch(/^ +Lantern +because you bought Candle$/);
  expect(linesNow()[2]?.trim()).toBe('b');
  take(['b', 'a']);
  expect(linesNow()[0]).toBe('user u  changed 1 time');
});
