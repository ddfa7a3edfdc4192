import type { EngineEvent } from '../../cli/evaluate/engine.ts';
import { randomOf, zipf } from '../micro/synthetic.ts';

/** Who and what there is at a time: always as many, and always others. */
export interface PopulationOptions {
  readonly events: number;
  readonly activeUsers: number;
  readonly activeItems: number;
  /** New ones per 1,000 events; each takes the place of the one that has been there longest. */
  readonly newUsers: number;
  readonly newItems: number;
  readonly fromMs: number;
  readonly stepMs: number;
}

export const population = {
  activeUsers: 12_500,
  activeItems: 5_000,
  newUsers: 50,
  newItems: 10,
  fromMs: 1_500_000_000_000,
} as const;

/** A user comes for so many events at most, one right after the other. */
const runMax = 6;
/** Prime to any sensible number of items: so that the most visited are of all ages. */
const stride = 7_919;

/** Users evenly, in short runs; active items by Zipf's law with exponent 1. A fixed seed. */
export function* endlessEvents(options: PopulationOptions): Generator<EngineEvent> {
  const { events, activeUsers, activeItems, newUsers, newItems, fromMs, stepMs } = options;
  const random = randomOf(17);
  const rank = zipf(activeItems, 1, random);
  let userId = '';
  let left = 0;
  for (let n = 0; n < events; n++) {
    if (left === 0) {
      const place = Math.floor(random() * activeUsers);
      userId = `user-${holderOf(place, activeUsers, Math.floor((n * newUsers) / 1_000))}`;
      left = 1 + Math.floor(random() * runMax);
    }
    left -= 1;
    const place = (rank() * stride) % activeItems;
    yield {
      userId,
      itemId: `item-${holderOf(place, activeItems, Math.floor((n * newItems) / 1_000))}`,
      type: 'view',
      atMs: fromMs + n * stepMs,
    };
  }
}

/** Number k took place k % size: who is there after `come` have come since the first `size`. */
export const holderOf = (place: number, size: number, come: number): number => {
  const last = size + come - 1;
  return last - ((((last - place) % size) + size) % size);
};
