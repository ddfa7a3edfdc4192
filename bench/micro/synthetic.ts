import type { SignalInteraction } from '../../services/signals/topology.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';

/** A small generator with a fixed seed (mulberry32), so that runs are compared like with like. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Draws ranks 0 to `count` - 1 with probability in proportion to 1 / (rank + 1)^exponent. */
export const zipf = (count: number, exponent: number, random: () => number): (() => number) => {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) sums[rank] = sum += 1 / (rank + 1) ** exponent;
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

export interface Shape {
  readonly events: number;
  readonly users: number;
  readonly items: number;
}

/** Interactions as the measure has them: even users, items by Zipf 1.0, views. */
export function* interactionsOf({ events, users, items }: Shape): Generator<SignalInteraction> {
  const random = randomOf(1);
  const item = zipf(items, 1, random);
  for (let offset = 0; offset < events; offset++)
    yield {
      user_id: `u${Math.floor(random() * users)}`,
      item_id: `i${item()}`,
      type: 'view',
      occurred_at: 1_700_000_000_000 + offset * 50,
      event_clock: offset + 1,
      merged: [],
      merged_from: null,
      lineage: 'ingest',
      source_partition: 0,
      source_offset: offset,
    };
}

export const recordOf = (partition: number, offset: number, value: Buffer): LogRecord => ({
  topic: 'micro',
  partition,
  offset,
  timestampMs: 0,
  key: null,
  value,
  headers: {},
});
