import { expect, test } from 'vitest';

import { paceOf, type Scene } from './view.ts';

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
