import { type State, states } from './outcomes.ts';

/** What tables need of a failed event. */
export interface Line {
  readonly id: string;
  readonly stage: string;
  readonly reason: string;
  readonly producer: string;
  readonly state: State;
  /** When the broker had the record that failed. */
  readonly atMs: number;
}

export type Counts = Readonly<Record<State, number>>;

export interface Group {
  readonly stage: string;
  readonly reason: string;
  readonly producer: string;
  readonly counts: Counts;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Of the newest that is open; where none is, of the newest. */
  readonly example: string;
}

export const countsOf = (lines: readonly Pick<Line, 'state'>[]): Counts =>
  Object.fromEntries(
    states.map((state) => [state, lines.filter((line) => line.state === state).length]),
  ) as Counts;

/** By stage, reason and producer; those with most that is open first. */
export function groupsOf(lines: readonly Line[]): Group[] {
  const grouped = Map.groupBy(lines, ({ stage, reason, producer }) =>
    JSON.stringify([stage, reason, producer]),
  );
  return [...grouped.values()].map(groupOf).sort(byWork);
}

function groupOf(lines: readonly Line[]): Group {
  const newestFirst = lines.toSorted((a, b) => b.atMs - a.atMs);
  const [newest] = newestFirst;
  if (newest === undefined) throw new Error('a group without events');
  const example = newestFirst.find(({ state }) => state === 'open') ?? newest;
  return {
    stage: newest.stage,
    reason: newest.reason,
    producer: newest.producer,
    counts: countsOf(lines),
    firstSeenMs: newestFirst.at(-1)?.atMs ?? newest.atMs,
    lastSeenMs: newest.atMs,
    example: example.id,
  };
}

const byWork = (a: Group, b: Group): number =>
  b.counts.open - a.counts.open || b.lastSeenMs - a.lastSeenMs;
