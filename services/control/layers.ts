import { buckets } from '../../experiments/assignment.ts';
import type { BucketRange, ExperimentRecord } from '../../experiments/definition.ts';

/** Shares as whole buckets, as assignment counts them. */
export const bucketsOf = (share: number): number => Math.round(share * buckets);

/** What is left of a layer: not of its holdout, and given to no running experiment. */
export const freeRanges = (
  running: readonly Pick<ExperimentRecord, 'ranges'>[],
  holdout: number,
): BucketRange[] => {
  const end = buckets - bucketsOf(holdout);
  const taken = running.flatMap(({ ranges }) => ranges).toSorted(([a], [b]) => a - b);
  const free: BucketRange[] = [];
  let next = 0;
  for (const [from, to] of taken) {
    if (from > next) free.push([next, Math.min(from, end)]);
    next = Math.max(next, to);
  }
  if (next < end) free.push([next, end]);
  return free.filter(([from, to]) => to > from);
};

export const sizeOf = (ranges: readonly BucketRange[]): number =>
  ranges.reduce((sum, [from, to]) => sum + to - from, 0);

/** The first `wanted` free buckets; null where there are fewer. */
export const firstFit = (free: readonly BucketRange[], wanted: number): BucketRange[] | null => {
  const given: BucketRange[] = [];
  let left = wanted;
  for (const [from, to] of free) {
    if (left === 0) break;
    const size = Math.min(left, to - from);
    given.push([from, from + size]);
    left -= size;
  }
  return left === 0 ? given : null;
};
