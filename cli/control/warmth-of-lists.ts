import { isWarm, type WarmMark } from '../../services/candidates/warm-marks.ts';

/** A partition of `candidates`, as far as lists of a version are looked for. */
export interface PartitionOfLists {
  /** False: nothing was stored in it so far. */
  readonly isBegun: boolean;
  readonly marks: readonly WarmMark[];
  /** Interactions that it has not dealt with. */
  readonly lag: number;
}

/**
 * Versions of which users active of late may lack a list, and how many. One line each. Which days
 * count as of late is for the service to say: what it has marked as done is done.
 */
export function coldLists(
  versions: readonly string[],
  {
    partitions,
    experiment,
    lagMax,
  }: {
    /** Null: the service was never started. */
    readonly partitions: readonly PartitionOfLists[] | null;
    readonly experiment: string;
    readonly lagMax: number;
  },
): string[] {
  if (partitions === null)
    return versions.map((version) => `${version}: candidates has not been started`);
  const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
  const wanted = { scope: [experiment], days: 0 };
  return versions.flatMap((version) => {
    const marks = partitions.map((one) => ({
      one,
      mark: one.marks.find((mark) => mark.version === version),
    }));
    const cold = marks.filter(
      ({ one, mark }) => !isWarm(mark, wanted) && (one.isBegun || one.lag > 0),
    );
    if (cold.length === 0)
      return lag > lagMax ? [`${version}: candidates has ${lag} records before it`] : [];
    const done = partitions.length - cold.length;
    const left = usersLeft(cold.map(({ mark }) => mark));
    return [
      `${version}: lists of users active of late are being made, ${done} of ${partitions.length} ` +
        `partitions are done${left === null ? '' : `, about ${left.toLocaleString('en-GB')} users left`}`,
    ];
  });
}

/** Partitions that were not looked through yet are taken to be like the others; null: none was. */
function usersLeft(marks: readonly (WarmMark | undefined)[]): number | null {
  const known = marks.flatMap((mark) => (mark?.users == null || mark.isDone ? [] : [mark]));
  if (known.length === 0) return null;
  const left = known.reduce((sum, mark) => sum + (mark.left ?? 0), 0);
  const users = known.reduce((sum, mark) => sum + (mark.users ?? 0), 0);
  const unknown = marks.length - known.length;
  return Math.round(left + (users / known.length) * unknown);
}
