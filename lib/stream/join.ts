/**
 * Joins two logs of one partition by event time, symmetrically (DESIGN 4.9): the result is a
 * function of both logs, and not of how their records happened to interleave.
 *
 * Three rules make it so, and none of them looks at a clock or at the end of a slice:
 * - a record is late only by the mark of its *own* topic, the highest event time that this topic's
 *   log had before it: what the other topic has done by then is chance;
 * - a left record's result is given when the *lower* of the two marks has passed the last moment
 *   at which a right record could still belong to it, so that it is complete;
 * - what is kept is pruned by the lower mark too: nothing that a record which is not late could
 *   still want.
 *
 * A topic that stands still holds results back, as it must: its next record may belong to them.
 */
export interface JoinWindow {
  /** A right record belongs to a left one from so long before it ... */
  readonly beforeMs: number;
  /** ... until so long after it, both included. */
  readonly afterMs: number;
  /** How far behind its topic's mark a record may come. */
  readonly latenessMs: number;
}

/** A record of either side; offsets are of its own topic and tell equal times apart. */
export interface Joinable<T> {
  readonly key: string;
  readonly atMs: number;
  readonly offset: number;
  readonly value: T;
}

/** A left record with every right record that belongs to it, in the order of their times. */
export interface Joined<L, R> {
  readonly left: Joinable<L>;
  readonly rights: readonly Joinable<R>[];
}

export interface Taken<L, R> {
  /** Came too late to count. */
  readonly late: boolean;
  /** Results that are complete by now, in the order of their left records' times. */
  readonly results: readonly Joined<L, R>[];
}

export type Side = 'left' | 'right';

/** What a join holds between two records: canonical, so that two of them can be compared. */
export interface JoinState<L, R> {
  readonly marks: Readonly<Record<Side, number>>;
  readonly lefts: readonly Joinable<L>[];
  /** In the order of their times, whatever their key. */
  readonly rights: readonly Joinable<R>[];
}

export const emptyJoin = <L, R>(): JoinState<L, R> => ({
  marks: { left: -Infinity, right: -Infinity },
  lefts: [],
  rights: [],
});

/** Takes one record of one side. Pure: returns the next state. */
export function takeJoined<L, R>(
  state: JoinState<L, R>,
  next:
    | { readonly side: 'left'; readonly record: Joinable<L> }
    | { readonly side: 'right'; readonly record: Joinable<R> },
  window: JoinWindow,
): { readonly state: JoinState<L, R>; readonly taken: Taken<L, R> } {
  const { side, record } = next;
  if (record.atMs < state.marks[side] - window.latenessMs) {
    return { state, taken: { late: true, results: [] } };
  }
  const marks = { ...state.marks, [side]: Math.max(state.marks[side], record.atMs) };
  const lefts = next.side === 'left' ? inserted(state.lefts, next.record) : state.lefts;
  const rights = next.side === 'right' ? inserted(state.rights, next.record) : state.rights;
  const low = Math.min(marks.left, marks.right);
  const complete = lefts.findIndex((left) => !isComplete(left, low, window));
  const closed = complete < 0 ? lefts.length : complete;
  const results = lefts.slice(0, closed).map((left) => ({
    left,
    rights: rights.filter((right) => belongs(right, left, window)),
  }));
  const wanted = rights.findIndex((right) => isWanted(right, low, window));
  const after: JoinState<L, R> = {
    marks,
    lefts: lefts.slice(closed),
    rights: rights.slice(wanted < 0 ? rights.length : wanted),
  };
  return { state: after, taken: { late: false, results } };
}

/** No right record that is not late can still belong to it. */
const isComplete = (left: Joinable<unknown>, low: number, window: JoinWindow): boolean =>
  left.atMs + window.afterMs < low - window.latenessMs;

/** Some left record that is not complete, or may still come, could want it. */
const isWanted = (right: Joinable<unknown>, low: number, window: JoinWindow): boolean =>
  right.atMs + window.beforeMs + window.afterMs >= low - window.latenessMs;

const belongs = (
  right: Joinable<unknown>,
  left: Joinable<unknown>,
  { beforeMs, afterMs }: JoinWindow,
): boolean =>
  right.key === left.key && right.atMs >= left.atMs - beforeMs && right.atMs <= left.atMs + afterMs;

/** Put where its time belongs; of one time, in the order of its log. */
function inserted<T>(records: readonly Joinable<T>[], record: Joinable<T>): readonly Joinable<T>[] {
  const at = records.findLastIndex(
    (other) =>
      other.atMs < record.atMs || (other.atMs === record.atMs && other.offset < record.offset),
  );
  return records.toSpliced(at + 1, 0, record);
}
