import { expect, test } from 'vitest';

import { Answers } from './answers.ts';

const round = { startMs: 1_000, rate: 500, count: 3, counts: true };

test('an answer is timed from when its request was due, not from when it was sent', () => {
  const answers = new Answers();
  answers.begin(round);
  // Due at 1000, 1002 and 1004; a stall delivers all three at 1014.
  for (const n of [0, 1, 2]) answers.take(answers.nameOf(n), 1_014);
  expect(answers.figures()).toMatchObject({ sent: 3, missing: 0, max_ms: 14 });
  expect(answers.figures().p50_ms).toBeCloseTo(12, 1);
});

test('the first of two answers counts, and none of an earlier round or of a warm-up', () => {
  const answers = new Answers();
  answers.begin({ ...round, counts: false });
  const early = answers.nameOf(0);
  answers.take(early, 1_090);
  answers.begin(round);
  answers.take(early, 2_000);
  answers.take(answers.nameOf(0), 1_005);
  answers.take(answers.nameOf(0), 1_500);
  expect(answers.figures()).toMatchObject({ sent: 3, max_ms: 5 });
});

test('what was never answered is counted as missing', async () => {
  const answers = new Answers();
  answers.begin(round);
  answers.take(answers.nameOf(1), 1_010);
  await answers.complete(1);
  expect(answers.figures()).toMatchObject({ sent: 3, missing: 2 });
});
