import { type Ladder, ladders, type Rung } from './ladder.ts';
import { hoursOfDay, rungs } from './layout.ts';

export interface MergedRung {
  /** Best first. */
  readonly items: readonly string[];
  /** Log2 of the visits of the best; 0 where there is none. */
  readonly best: number;
}

/** What all partitions know together. */
export interface MergedLadder extends Pick<Ladder, 'visits' | 'returns' | 'hours'> {
  readonly rungs: readonly MergedRung[];
  /** Of each item on any rung its ranks by rung, from 1; 0: not on it. */
  readonly ranksOf: ReadonlyMap<string, readonly number[]>;
}

const merged = new WeakMap<readonly Buffer[], MergedLadder>();

/** Read once per reading of the store: the lists of all users share it. */
export function mergeLadders(stored: readonly Buffer[], itemsMax: number): MergedLadder {
  const known = merged.get(stored);
  if (known !== undefined) return known;
  const parts = stored.map((bytes) => ladders.decode(bytes));
  const mergedRungs = Array.from({ length: rungs }, (_, rung) =>
    mergeRungs(
      parts.flatMap((part) => part.rungs[rung] ?? []),
      itemsMax,
    ),
  );
  const made: MergedLadder = {
    visits: sum(parts, ({ visits }) => visits),
    returns: sum(parts, ({ returns }) => returns),
    hours: Array.from({ length: hoursOfDay }, (_, hour) =>
      sum(parts, (part) => part.hours[hour] ?? 0),
    ),
    rungs: mergedRungs,
    ranksOf: ranksOf(mergedRungs),
  };
  merged.set(stored, made);
  return made;
}

const sum = (parts: readonly Ladder[], of: (part: Ladder) => number): number =>
  parts.reduce((total, part) => total + of(part), 0);

const mergeRungs = (parts: readonly Rung[], itemsMax: number): MergedRung => {
  const all = parts
    .flatMap(({ items, weights }) =>
      items.map((item, index) => ({ item, weight: weights[index] as number })),
    )
    .sort((a, b) => b.weight - a.weight || (a.item < b.item ? -1 : 1))
    .slice(0, itemsMax);
  return {
    items: all.map(({ item }) => item),
    best: all[0]?.weight ?? 0,
  };
};

const ranksOf = (mergedRungs: readonly MergedRung[]): Map<string, number[]> => {
  const ranks = new Map<string, number[]>();
  for (const [rung, { items }] of mergedRungs.entries())
    for (const [index, item] of items.entries()) {
      const known = ranks.get(item) ?? mergedRungs.map(() => 0);
      ranks.set(item, known);
      known[rung] = index + 1;
    }
  return ranks;
};
