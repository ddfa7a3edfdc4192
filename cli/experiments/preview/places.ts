import type { LoggedPlace } from '../../../experiments/off-policy/places.ts';
import type { Credit } from '../logs/credit.ts';
import type { Shown } from '../logs/shown.ts';

/** An answer as it was given, and what another would have had in it. */
export interface Compared {
  readonly shown: Shown;
  /** Items of the other one, by place. */
  readonly target: readonly string[];
}

/** Showings that an item's rate is drawn towards the mean by. */
const priorShowings = 20;

interface Rate {
  showings: number;
  rewards: number;
}

/**
 * Places that were filled with a known chance. A reward is 1 where the place's item was credited
 * with anything. What an item is expected to bring is its rate among the other half of the users,
 * so that no reward goes into what is subtracted from it.
 */
export const placesOf = (
  compared: readonly Compared[],
  credits: readonly Credit[],
): readonly LoggedPlace[] => {
  const rewarded = new Set(
    credits.flatMap(({ shown, place }) => (place < 0 ? [] : [`${shown.answerId} ${place}`])),
  );
  const users = new Map<string, number>();
  for (const { shown } of compared)
    if (!users.has(shown.userId)) users.set(shown.userId, users.size);
  const halfOf = ({ userId }: Shown): number => (users.get(userId) ?? 0) % 2;
  const rewardOf = ({ answerId }: Shown, place: number): number =>
    rewarded.has(`${answerId} ${place}`) ? 1 : 0;
  const rates = [0, 1].map((half) =>
    ratesOf(
      compared.flatMap(({ shown }) => (halfOf(shown) === half ? [shown] : [])),
      rewardOf,
    ),
  );
  return compared.flatMap(({ shown, target }) => {
    const expected = rates[1 - halfOf(shown)] ?? (() => 0);
    return shown.items.flatMap(({ itemId, propensity }, place): LoggedPlace[] => {
      if (propensity === null) return [];
      const other = target[place];
      return [
        {
          user: shown.userId,
          propensity,
          reward: rewardOf(shown, place),
          targetShows: other === itemId ? 1 : 0,
          modelReward: expected(itemId),
          targetModelReward: other === undefined ? 0 : expected(other),
        },
      ];
    });
  });
};

const ratesOf = (
  all: readonly Shown[],
  rewardOf: (shown: Shown, place: number) => number,
): ((itemId: string) => number) => {
  const rates = new Map<string, Rate>();
  const total: Rate = { showings: 0, rewards: 0 };
  for (const shown of all)
    for (const [place, { itemId }] of shown.items.entries()) {
      const rate = rates.get(itemId) ?? { showings: 0, rewards: 0 };
      rates.set(itemId, rate);
      for (const one of [rate, total]) {
        one.showings += 1;
        one.rewards += rewardOf(shown, place);
      }
    }
  const mean = total.showings === 0 ? 0 : total.rewards / total.showings;
  return (itemId) => {
    const { showings, rewards } = rates.get(itemId) ?? { showings: 0, rewards: 0 };
    return (rewards + priorShowings * mean) / (showings + priorShowings);
  };
};
