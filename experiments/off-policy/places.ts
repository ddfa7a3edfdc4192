/**
 * One place of an answer that was served by a model that explores: what it showed, what came of it,
 * and whether another model, the target, would have shown it.
 */
export interface LoggedPlace {
  readonly user: string;
  /** The chance with which this item was shown here, as its exposure has it; above 0, up to 1. */
  readonly propensity: number;
  /** What the item brought: 1 for a click, or a value. */
  readonly reward: number;
  /** The chance with which the target shows this item here: 0 or 1 for one that does not explore. */
  readonly targetShows: number;
  /** What a model of rewards expects of the item that was shown; for the doubly robust estimate. */
  readonly modelReward?: number;
  /** What the same model expects of what the target shows here. */
  readonly targetModelReward?: number;
}

/** Sums over the places of a user: users are independent of one another, their places are not. */
export interface UserSums {
  places: number;
  reward: number;
  weight: number;
  weightedReward: number;
  /** Of the doubly robust estimate. */
  corrected: number;
}

export interface Collected {
  readonly users: readonly UserSums[];
  readonly places: number;
  /** Without a propensity that can be, or of users beyond what is kept. */
  readonly leftOut: number;
  /** Weights that were larger than the largest allowed. */
  readonly cut: number;
  /** Every place has what a model of rewards expects. */
  readonly isModelled: boolean;
}

/** Beyond these, users are left out, and counted as such. */
const usersMax = 500_000;
/**
 * A single place stands for so many at most. It makes estimates a little low where the target shows
 * what was hardly ever shown, and keeps one lucky click from deciding.
 */
export const weightMax = 1_000;

export const collected = (places: Iterable<LoggedPlace>): Collected => {
  const users = new Map<string, UserSums>();
  let count = 0;
  let leftOut = 0;
  let cut = 0;
  let isModelled = true;
  for (const place of places) {
    const sums = isUsable(place) ? sumsOf(users, place.user) : undefined;
    if (sums === undefined) {
      leftOut++;
      continue;
    }
    const { reward, targetShows, propensity, modelReward, targetModelReward } = place;
    const ratio = targetShows / propensity;
    if (ratio > weightMax) cut++;
    const weight = Math.min(weightMax, ratio);
    if (modelReward === undefined || targetModelReward === undefined) isModelled = false;
    count++;
    sums.places++;
    sums.reward += reward;
    sums.weight += weight;
    sums.weightedReward += weight * reward;
    sums.corrected += (targetModelReward ?? 0) + weight * (reward - (modelReward ?? 0));
  }
  return {
    users: [...users.values()],
    places: count,
    leftOut,
    cut,
    isModelled: isModelled && count > 0,
  };
};

const isUsable = ({ propensity, reward, targetShows }: LoggedPlace): boolean =>
  propensity > 0 &&
  propensity <= 1 &&
  targetShows >= 0 &&
  targetShows <= 1 &&
  Number.isFinite(reward);

const sumsOf = (users: Map<string, UserSums>, user: string): UserSums | undefined => {
  const known = users.get(user);
  if (known !== undefined || users.size >= usersMax) return known;
  const sums = { places: 0, reward: 0, weight: 0, weightedReward: 0, corrected: 0 };
  users.set(user, sums);
  return sums;
};
