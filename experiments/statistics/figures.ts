import { addSums, noSums, type Sums } from './sums.ts';

/**
 * What is known of an experiment: what the service `experiments` counts, and what intervals,
 * verdicts and reports are made of. All of it adds up over partitions.
 */
export interface ExperimentFigures {
  readonly experiment: string;
  /** In the order of the definition: the first is the control. */
  readonly variants: readonly VariantFigures[];
  /** Users who were exposed to more than one variant: in no variant's `outcome`. */
  readonly multiple: number;
  /** Interactions that came when their user had been entered: not counted. */
  readonly late: number;
  readonly firstExposureMs: number | null;
  readonly lastExposureMs: number | null;
  /** By time of first exposure, oldest first; added up, so that the last is the whole. */
  readonly course: readonly CoursePoint[];
}

export interface VariantFigures {
  readonly variant: string;
  /** Users at their first exposure, entered or still waiting: what the sample ratio is of. */
  readonly exposed: number;
  /** Of the users who were entered (their time for outcomes is over); the experiment's outcome. */
  readonly outcome: Sums;
  /** Of the users who were entered, each kind of interaction by itself. */
  readonly kinds: Readonly<Record<string, KindFigures>>;
  readonly answers: AnswerFigures;
  /** Per rule: candidates that it removed. */
  readonly removed: Readonly<Record<string, number>>;
  /** Different items shown; null: not known. An upper bound once partitions are added up. */
  readonly itemsShown: number | null;
}

export interface KindFigures {
  /** Users with any. */
  readonly users: number;
  readonly count: number;
  readonly countSquares: number;
  readonly value: number;
  readonly valueSquares: number;
}

export interface AnswerFigures {
  /** Answers served: exposures. */
  readonly answers: number;
  /** Over users, the square of a user's answers: answers of one user are no separate evidence. */
  readonly answersSquares: number;
  readonly predicted: number;
  readonly enough: number;
  readonly emptied: number;
}

export interface CoursePoint {
  /** First exposures before this moment. */
  readonly untilMs: number;
  /** In the order of `variants`. */
  readonly variants: readonly { readonly exposed: number; readonly outcome: Sums }[];
}

export const noKind: KindFigures = {
  users: 0,
  count: 0,
  countSquares: 0,
  value: 0,
  valueSquares: 0,
};

export const noAnswers: AnswerFigures = {
  answers: 0,
  answersSquares: 0,
  predicted: 0,
  enough: 0,
  emptied: 0,
};

export const noFigures = (variant: string): VariantFigures => ({
  variant,
  exposed: 0,
  outcome: noSums,
  kinds: {},
  answers: noAnswers,
  removed: {},
  itemsShown: null,
});

const addKinds = (a: KindFigures, b: KindFigures): KindFigures => ({
  users: a.users + b.users,
  count: a.count + b.count,
  countSquares: a.countSquares + b.countSquares,
  value: a.value + b.value,
  valueSquares: a.valueSquares + b.valueSquares,
});

const addAnswers = (a: AnswerFigures, b: AnswerFigures): AnswerFigures => ({
  answers: a.answers + b.answers,
  answersSquares: a.answersSquares + b.answersSquares,
  predicted: a.predicted + b.predicted,
  enough: a.enough + b.enough,
  emptied: a.emptied + b.emptied,
});

/** Of one variant, from two partitions: a user is in one of them only. */
export const addVariants = (a: VariantFigures, b: VariantFigures): VariantFigures => ({
  variant: a.variant,
  exposed: a.exposed + b.exposed,
  outcome: addSums(a.outcome, b.outcome),
  kinds: byName(a.kinds, b.kinds, (one = noKind, other = noKind) => addKinds(one, other)),
  answers: addAnswers(a.answers, b.answers),
  removed: byName(a.removed, b.removed, (one = 0, other = 0) => one + other),
  itemsShown:
    a.itemsShown === null && b.itemsShown === null
      ? null
      : (a.itemsShown ?? 0) + (b.itemsShown ?? 0),
});

const byName = <T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  add: (one: T | undefined, other: T | undefined) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [
      name,
      add(a[name], b[name]),
    ]),
  );
