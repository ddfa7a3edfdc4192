import { expect, test } from 'vitest';

import { noAnswers } from './figures.ts';
import { guardrailBroken, guardrailP, guardrailStates } from './guardrails.ts';

// The expected: the mixture integrated in small steps, in Python.
test.each([
  [{ answers: 400, good: 330 }, 0.000229976],
  [{ answers: 1_000, good: 870 }, 0.025354373],
  [{ answers: 100, good: 91 }, 1],
])('%j against at least 0.9', (counted, p) => {
  expect(guardrailP(counted, { min: 0.9 })).toBeCloseTo(p, 9);
});

test('a limit from above is one from below of the others', () => {
  expect(guardrailP({ answers: 400, good: 70 }, { max: 0.1 })).toBeCloseTo(
    guardrailP({ answers: 400, good: 330 }, { min: 0.9 }),
    12,
  );
});

test('on the right side of its limit nothing is broken, however many answers', () => {
  for (const answers of [1, 1_000, 10_000_000]) {
    expect(guardrailP({ answers, good: answers * 0.95 }, { min: 0.9 })).toBe(1);
    expect(guardrailP({ answers, good: answers }, { min: 0.9 })).toBe(1);
    expect(guardrailP({ answers, good: 0 }, { max: 0.1 })).toBe(1);
  }
  expect(guardrailP({ answers: 0, good: 0 }, { min: 0.9 })).toBe(1);
});

test('far beyond it is found with few answers, a little beyond with many', () => {
  expect(guardrailBroken({ answers: 40, good: 0 }, { min: 0.9 }, 0.01)).toBe(true);
  expect(guardrailBroken({ answers: 5, good: 4 }, { min: 0.9 }, 0.01)).toBe(false);
  expect(guardrailBroken({ answers: 400, good: 330 }, { min: 0.9 }, 0.01)).toBe(true);
  expect(guardrailBroken({ answers: 20_000, good: 17_600 }, { min: 0.9 }, 0.01)).toBe(true);
  expect(guardrailP({ answers: 10_000_000, good: 1 }, { min: 0.9 })).toBe(0);
});

test('limits of 0 and 1 say what they say', () => {
  expect(guardrailP({ answers: 10, good: 0 }, { min: 0 })).toBe(1);
  expect(guardrailP({ answers: 10, good: 9 }, { min: 1 })).toBe(0);
  expect(guardrailP({ answers: 10, good: 10 }, { min: 1 })).toBe(1);
  expect(guardrailP({ answers: 10, good: 1 }, { max: 0 })).toBe(0);
});

test('a hundred answers of one user are worth one', () => {
  const counted = { answers: 400, good: 330 };
  // Four users of a hundred answers each.
  expect(guardrailP({ ...counted, answersSquares: 40_000 }, { min: 0.9 })).toBeGreaterThan(0.5);
  expect(guardrailP({ ...counted, answersSquares: 400 }, { min: 0.9 })).toBe(
    guardrailP(counted, { min: 0.9 }),
  );
});

test('of an experiment, those that are set are watched, and share alpha', () => {
  const figures = {
    ...noAnswers,
    answers: 400,
    answersSquares: 400,
    predicted: 330,
    enough: 400,
    emptied: 0,
  };
  const states = guardrailStates(figures, { predictedShareMin: 0.9, emptiedShareMax: 0.01 });
  expect(states.map(({ name, share, isBroken }) => [name, share, isBroken])).toEqual([
    ['predictedShareMin', 0.825, true],
    ['emptiedShareMax', 0, false],
  ]);
  expect(guardrailStates(figures, {})).toEqual([]);
  expect(guardrailStates(noAnswers, { atLeastShareMin: 0.5 })).toMatchObject([
    { share: null, isBroken: false },
  ]);
});
