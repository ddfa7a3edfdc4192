import { guardrailAlpha, guardrailP } from '../../experiments/statistics/guardrails.ts';
import { sampleRatioP } from '../../experiments/statistics/sample-ratio.ts';
import { sampleRatioAlpha } from '../../experiments/statistics/verdict.ts';
import { quantileOf, ratio } from './arm.ts';
import { every } from './looked-at.ts';
import type { Random } from './populations.ts';

/** Users at the first look that finds a mismatch; null: none did. */
const mismatchAt = (share: number, users: number, random: Random): number | null => {
  let first = 0;
  for (let user = 1; user <= users; user++) {
    if (random() < share) first++;
    if (user % every !== 0) continue;
    const p = sampleRatioP([
      { users: first, weight: 0.5 },
      { users: user - first, weight: 0.5 },
    ]);
    if (p <= sampleRatioAlpha) return user;
  }
  return null;
};

export const sampleRatioFalseAlarms = (tests: number, users: number, random: Random): number => {
  let alarms = 0;
  for (let test = 0; test < tests; test++) if (mismatchAt(0.5, users, random) !== null) alarms++;
  return ratio(alarms, tests);
};

/** Within how many users a mismatch is found in half, and in eight of ten, of the tests. */
export const sampleRatioUsers = (
  tests: number,
  share: number,
  random: Random,
): { readonly half: number; readonly eight_of_ten: number } => {
  const found = Array.from(
    { length: tests },
    () => mismatchAt(share, 1_000_000, random) ?? Infinity,
  );
  return { half: quantileOf(found, 0.5), eight_of_ten: quantileOf(found, 0.8) };
};

const limit = { min: 0.9 } as const;

interface Watched {
  /** Share of users whose answers are all good; those of others never are. */
  readonly share: number;
  readonly users: number;
  readonly random: Random;
}

/** Users come with one to ten answers, all good or all not: as alike as answers of a user can be. */
const brokenAt = ({ share, users, random }: Watched): number | null => {
  let answers = 0;
  let good = 0;
  let answersSquares = 0;
  for (let user = 1; user <= users; user++) {
    const own = 1 + Math.floor(random() * 10);
    answers += own;
    answersSquares += own * own;
    if (random() < share) good += own;
    if (user % 10 === 0 && guardrailP({ answers, good, answersSquares }, limit) <= guardrailAlpha)
      return user;
  }
  return null;
};

/** A limit of 0.9 that is kept to a hair, and one that is broken by 0.8. */
export const guardrailFigures = (
  tests: number,
  random: Random,
): { readonly false_alarm_share: number; readonly users_to_detect: number } => {
  let alarms = 0;
  for (let test = 0; test < tests; test++)
    if (brokenAt({ share: 0.9, users: 5_000, random }) !== null) alarms++;
  const found = Array.from(
    { length: tests },
    () => brokenAt({ share: 0.8, users: 100_000, random }) ?? Infinity,
  );
  return { false_alarm_share: ratio(alarms, tests), users_to_detect: quantileOf(found, 0.8) };
};
