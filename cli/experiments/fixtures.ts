import { draftOf, experimentSchema } from '../../experiments/definition.ts';
import {
  type ExperimentFigures,
  noKind,
  type VariantFigures,
} from '../../experiments/statistics/figures.ts';
import { noSums, type Sums } from '../../experiments/statistics/sums.ts';
import type { ReadExperiment } from './assessed.ts';

/** Experiments for tests: made up, the same ever after. */
export const dayMs = 86_400_000;
export const startMs = 1_700_000_000_000;

const definitionOf = (names: readonly string[]) =>
  experimentSchema.parse({
    experiment: 'nearer-or-newer',
    context: 'home-feed',
    step: 'mine',
    variants: names.map((variant) => ({
      variant,
      model: `blend-${variant}@0123456789ab`,
      weight: 1 / names.length,
    })),
    outcome: { kinds: ['click', 'purchase'], measure: 'count', withinHours: 24 },
    guardrails: { predictedShareMin: 0.9, emptiedShareMax: 0.02 },
  });

/** With outcomes 0 to 2 per user, and a time before that goes along with it. */
const sumsOf = (users: number, mean: number): Sums =>
  users === 0
    ? noSums
    : {
        n: users,
        y: users * mean,
        yy: users * mean * 1.3,
        x: users,
        xx: users * 3,
        xy: users * mean * 1.6,
      };

const variantOf = (variant: string, users: number, mean: number): VariantFigures => ({
  variant,
  exposed: Math.round(users * 1.1),
  outcome: sumsOf(users, mean),
  kinds: {
    click: { ...noKind, users: Math.round(users * mean * 0.7), count: Math.round(users * mean) },
    purchase: {
      ...noKind,
      users: Math.round(users * mean * 0.1),
      count: Math.round(users * mean * 0.12),
      value: users * mean * 4.5,
    },
  },
  answers: {
    answers: users * 6,
    answersSquares: users * 50,
    predicted: Math.round(users * 5.9),
    enough: Math.round(users * 5.8),
    emptied: Math.round(users * 0.01),
  },
  removed: { notSeen: users * 12, available: users },
  itemsShown: Math.min(4_000, users * 3),
});

export interface MadeUp {
  readonly names?: readonly string[];
  readonly users?: number;
  /** Of the control, and of each after it. */
  readonly means?: readonly number[];
  readonly points?: number;
}

export const madeUpFigures = ({
  names = ['same', 'newer'],
  users = 20_000,
  means = [0.4, 0.46],
  points = 120,
}: MadeUp = {}): ExperimentFigures => {
  const at = (share: number): VariantFigures[] =>
    names.map((name, index) => {
      const wobble = share === 1 ? 0 : Math.sin(share * 40 + index) * 0.06 * (1 - share);
      return variantOf(name, Math.round(users * share), (means[index] ?? 0.4) * (1 + wobble));
    });
  return {
    experiment: 'nearer-or-newer',
    variants: at(1),
    multiple: Math.round(users / 5_000),
    late: Math.round(users / 300),
    firstExposureMs: users === 0 ? null : startMs,
    lastExposureMs: users === 0 ? null : startMs + 20 * dayMs,
    course: Array.from({ length: users === 0 ? 0 : points }, (_, point) => {
      const share = (point + 1) / points;
      return { untilMs: startMs + share * 20 * dayMs, variants: at(share) };
    }),
  };
};

export const madeUp = (
  given: MadeUp &
    Partial<Omit<ReadExperiment, 'record'>> & {
      readonly record?: Partial<ReadExperiment['record']>;
    } = {},
): ReadExperiment => {
  const { names = ['same', 'newer'], record, ...read } = given;
  return {
    record: {
      ...draftOf(definitionOf(names)),
      state: 'running',
      salt: 'nearer-or-newer@0123456789ab',
      ranges: [[0, 10_000]],
      contextVersion: 'home-feed@abcdef012345',
      startedAtMs: startMs,
      ...record,
    },
    revision: 3,
    figures: read.figures === undefined ? madeUpFigures({ ...given, names }) : read.figures,
    holdout: read.holdout ?? null,
    context: read.context ?? null,
    nowMs: read.nowMs ?? startMs + 20 * dayMs,
    countedToMs: read.countedToMs === undefined ? startMs + 20 * dayMs : read.countedToMs,
  };
};
