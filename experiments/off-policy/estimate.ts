import { normalQuantile } from '../statistics/distributions.ts';
import type { Interval } from '../statistics/comparison.ts';
import { type Collected, collected, type LoggedPlace, type UserSums } from './places.ts';

/**
 * How another model would have done, from what a model that explores has shown, before any test.
 *
 * Rewards per place, each place weighted by how much rather the target shows its item than the
 * logging model did. This takes what an item brings at a place to depend on nothing else in the
 * list: the item-position model of Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay, Wen, "Offline
 * evaluation of ranking policies with click models" (KDD 2018, section 4), a special case of the
 * additive slates of Swaminathan, Krishnamurthy, Agarwal, Dudik, Langford, Jose, Zitouni,
 * "Off-policy evaluation for slate recommendation" (NeurIPS 2017). It is not true of lists whose
 * items take attention from one another: a guide to what deserves a test, never a decision.
 */
export interface Estimates {
  /** What the logging model itself had per place. */
  readonly logged: Interval;
  /** Inverse propensity scores: unbiased where everything could be shown (Horvitz, Thompson 1952). */
  readonly ips: Interval;
  /** Self-normalised: a little biased, much calmer (Swaminathan, Joachims, NeurIPS 2015). */
  readonly snips: Interval;
  /**
   * Doubly robust: right if either propensities or the model of rewards are (Dudik, Langford, Li,
   * "Doubly robust policy evaluation and learning", ICML 2011, equation 1). Null: no such model.
   */
  readonly doublyRobust: Interval | null;
}

export interface Overlap {
  readonly places: number;
  readonly users: number;
  readonly leftOut: number;
  /** So many users, evenly weighted, would say as much (Kish). */
  readonly effectiveUsers: number;
  /** Of what the target shows, the share that could have been shown; the mean weight. */
  readonly support: number;
  /** Share of places whose weight was cut. */
  readonly cutShare: number;
}

export type OffPolicy =
  | { readonly ok: true; readonly overlap: Overlap; readonly estimates: Estimates }
  | { readonly ok: false; readonly overlap: Overlap; readonly reason: string };

/** Fewer do not make an interval that could be believed. */
export const effectiveUsersMin = 100;
/** With less, most of what the target shows was never tried. */
export const supportMin = 0.5;
/** True chances have a mean weight of 1 at most; hardly more where rules remove what was drawn. */
const meanWeightMax = 1.2;

export const offPolicy = (places: Iterable<LoggedPlace>, alpha = 0.05): OffPolicy => {
  const all = collected(places);
  const overlap = overlapOf(all);
  const reason = refusal(overlap);
  if (reason !== null) return { ok: false, overlap, reason };
  const { users, isModelled } = all;
  const perPlace = (of: (user: UserSums) => number): Interval =>
    ratioOf(users, { over: of, under: ({ places: count }) => count }, alpha);
  const meanWeight = perPlace(({ weight }) => weight);
  if (meanWeight.low > meanWeightMax) return { ok: false, overlap, reason: misfit(meanWeight) };
  return {
    ok: true,
    overlap,
    estimates: {
      logged: perPlace(({ reward }) => reward),
      ips: perPlace(({ weightedReward }) => weightedReward),
      snips: ratioOf(
        users,
        { over: ({ weightedReward }) => weightedReward, under: ({ weight }) => weight },
        alpha,
      ),
      doublyRobust: isModelled ? perPlace(({ corrected }) => corrected) : null,
    },
  };
};

const overlapOf = ({ users, places, leftOut, cut }: Collected): Overlap => {
  let weight = 0;
  let squares = 0;
  for (const user of users) {
    weight += user.weight;
    squares += user.weight ** 2;
  }
  return {
    places,
    users: users.length,
    leftOut,
    effectiveUsers: squares === 0 ? 0 : (weight * weight) / squares,
    support: places === 0 ? 0 : Math.min(1, weight / places),
    cutShare: places === 0 ? 0 : cut / places,
  };
};

const refusal = ({ places, effectiveUsers, support }: Overlap): string | null => {
  if (places === 0)
    return 'Nothing was shown with a known chance: let the model that answers explore, and ask again when people have been served.';
  if (support < supportMin)
    return `Too little overlap: of what this model shows, about ${Math.round(support * 100)} % could have been shown by the model that answered, and at least ${supportMin * 100} % must; explore more, or run an experiment.`;
  if (effectiveUsers < effectiveUsersMin)
    return `Too little overlap: what was shown says as much as ${Math.floor(effectiveUsers)} users would, and at least ${effectiveUsersMin} are needed; explore more, wait for more users, or run an experiment.`;
  return null;
};

const misfit = ({ estimate }: Interval): string =>
  `The chances do not fit what was shown: by them this model would have filled about ${Math.round(estimate * 100)} places of 100, so items were not shown by these; ask about fewer days, or run an experiment.`;

interface Ratio {
  readonly over: (user: UserSums) => number;
  readonly under: (user: UserSums) => number;
}

/**
 * A ratio of sums with users as clusters: its variance by linearisation (Cochran, "Sampling
 * Techniques", 3rd edition, section 6.3), its interval normal.
 */
const ratioOf = (users: readonly UserSums[], { over, under }: Ratio, alpha: number): Interval => {
  let overSum = 0;
  let underSum = 0;
  for (const user of users) {
    overSum += over(user);
    underSum += under(user);
  }
  const estimate = overSum / underSum;
  let squares = 0;
  for (const user of users) squares += (over(user) - estimate * under(user)) ** 2;
  const variance = (squares * users.length) / Math.max(1, users.length - 1) / underSum ** 2;
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(variance);
  return { estimate, low: estimate - half, high: estimate + half };
};
