import type { Guardrails } from '../definition.ts';
import { logBeta, logBetaBelow } from './distributions.ts';
import type { AnswerFigures } from './figures.ts';

export interface Counted {
  readonly answers: number;
  /** Of these, those that the share is of. */
  readonly good: number;
  /** Over users, the square of a user's answers; left out: every answer is evidence by itself. */
  readonly answersSquares?: number;
}

/** One of them: the share must not be below, or not above. */
export type Limit = { readonly min: number } | { readonly max: number };

/** Beyond doubt: at most one in a hundred limits that are kept is ever said to be broken. */
export const guardrailAlpha = 0.01;

/**
 * Whether a share is beyond its limit, at any time of looking.
 *
 * The beta-binomial mixture, one-sided: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform,
 * nonparametric, nonasymptotic confidence sequences" (Annals of Statistics 49, 2021, proposition
 * 7; the mixture truncated to the shares beyond the limit). For every share below the limit the
 * likelihood ratio against the limit is a supermartingale as long as each answer, given those
 * before it, is good with at least the limit's chance; so is their mixture, and by Ville's
 * inequality it ever reaches 1/alpha with probability alpha.
 *
 * Answers of one user tend to be alike, so they count as many users' worth as Kish's effective
 * size says: (sum of answers)^2 / (sum of their squares), which is right when all answers of a user
 * are the same, and careful when they are not.
 */
export const guardrailP = ({ answers, good, answersSquares }: Counted, limit: Limit): number => {
  if (answers === 0) return 1;
  const worth =
    answersSquares === undefined || answersSquares <= 0 ? 1 : Math.min(1, answers / answersSquares);
  const [share, kept, lost] =
    'min' in limit
      ? [limit.min, good * worth, (answers - good) * worth]
      : [1 - limit.max, (answers - good) * worth, good * worth];
  // A limit of 1 is broken by the first that is not good, one of 0 never.
  if (share <= 0) return 1;
  if (share >= 1) return lost > 0 ? 0 : 1;
  const a = mass * share;
  const b = mass * (1 - share);
  const log =
    logBeta(a + kept, b + lost) -
    logBeta(a, b) +
    logBetaBelow(share, a + kept, b + lost) -
    logBetaBelow(share, a, b) -
    kept * Math.log(share) -
    lost * Math.log1p(-share);
  return Math.min(1, Math.exp(-log));
};

/** Users' worth of prior around the limit: best for shares a few hundredths beyond it. */
const mass = 100;

export const guardrailBroken = (counted: Counted, limit: Limit, alpha: number): boolean =>
  guardrailP(counted, limit) <= alpha;

export type GuardrailName = keyof Guardrails;

export interface GuardrailState {
  readonly name: GuardrailName;
  /** What is counted, in words. */
  readonly of: string;
  readonly limit: Limit;
  /** Null: no answers. */
  readonly share: number | null;
  readonly p: number;
  readonly isBroken: boolean;
}

/** All that are set, each at its part of alpha. */
export const guardrailStates = (
  figures: AnswerFigures,
  guardrails: Guardrails,
  alpha = guardrailAlpha,
): readonly GuardrailState[] => {
  const { answers, answersSquares } = figures;
  const set = watched.flatMap(({ name, of, good, isMin }) => {
    const value = guardrails[name];
    if (value === undefined) return [];
    const limit: Limit = isMin ? { min: value } : { max: value };
    return [{ name, of, limit, good: good(figures) }];
  });
  return set.map(({ name, of, limit, good }) => {
    const p = guardrailP({ answers, good, answersSquares }, limit);
    const share = answers === 0 ? null : good / answers;
    return { name, of, limit, share, p, isBroken: p <= alpha / set.length };
  });
};

const watched: readonly {
  readonly name: GuardrailName;
  readonly of: string;
  readonly good: (figures: AnswerFigures) => number;
  readonly isMin: boolean;
}[] = [
  {
    name: 'predictedShareMin',
    of: 'answers that the model itself gave',
    good: ({ predicted }) => predicted,
    isMin: true,
  },
  {
    name: 'atLeastShareMin',
    of: 'answers with as many items as demanded',
    good: ({ enough }) => enough,
    isMin: true,
  },
  {
    name: 'emptiedShareMax',
    of: 'answers that rules left empty',
    good: ({ emptied }) => emptied,
    isMin: false,
  },
];
