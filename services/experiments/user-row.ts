import type { RowCodec } from '../../lib/stream/topology.ts';
import { checkLayout } from '../../schemas/packed/bytes.ts';

export const userLayout = 2;

/** Whole numbers, so that sums of them do not depend on any order. */
export interface OutcomeSums {
  /** Of the time before the first exposure, in 64ths. */
  x: number;
  /** By the experiment's kinds. */
  counts: number[];
  /** In hundredths. */
  values: number[];
}

export const armState = { open: 0, closed: 1, multiple: 2 } as const;

/** A user's part in one experiment. Ids are hashes (hash.ts). */
export interface Arm {
  readonly experiment: number;
  readonly variant: number;
  state: number;
  /**
   * By which event its user is to be forgotten (a hash of its position; 0: by none): it goes on being
   * credited until the interaction of that event comes. What is shown since is another arm's.
   */
  leaves: number;
  readonly firstMs: number;
  readonly creditMs: number;
  readonly context: number;
  /** When an answer was shown: of those that count, in the order of their log. */
  answers: Map<number, number>;
  /** When an item was shown first. */
  shown: Map<number, number>;
  sums: OutcomeSums;
}

/** How many interactions a user had in a stretch of time. */
export interface Period {
  readonly number: number;
  count: number;
}

export interface UserRow {
  /** In ascending order. */
  readonly periods: Period[];
  /** In the order of their first exposures' log. */
  readonly arms: Arm[];
}

export const emptyUser = (): UserRow => ({ periods: [], arms: [] });

const wide = 6;
const valueOffset = 2 ** 46;

/** An id and when, counted from the arm's first exposure. */
const pairBytes = wide + 4;
/** Beside the state. */
const leavesBit = 0x80;
const stubBytes = 1 + 4 * wide;
const armBytes = (arm: Arm): number =>
  (arm.leaves === 0 ? 0 : wide) +
  (arm.state === armState.open
    ? stubBytes +
      wide +
      1 +
      arm.answers.size * pairBytes +
      2 +
      arm.shown.size * pairBytes +
      5 +
      arm.sums.counts.length * 10
    : stubBytes);

const bytesOf = ({ periods, arms }: UserRow): number =>
  6 + periods.length * 3 + arms.reduce((sum, arm) => sum + armBytes(arm), 0);

/**
 * Layout, number of periods and of arms, the first period's number; periods as their distance from
 * the one before and their count; arms, those that are over as stubs.
 */
export const userRows: RowCodec<UserRow> = {
  decode: decodeUser,
  encode: (row) => ({ whole: encodeUser(row) }),
  bytes: bytesOf,
};

class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  put(value: number, width: number): void {
    this.at = this.bytes.writeUIntLE(value, this.at, width);
  }

  take(width: number): number {
    const value = this.bytes.readUIntLE(this.at, width);
    this.at += width;
    return value;
  }
}

function encodeUser(row: UserRow): Buffer {
  const { periods, arms } = row;
  const to = new Cursor(Buffer.allocUnsafe(bytesOf(row)));
  to.put(userLayout, 1);
  to.put(periods.length, 1);
  to.put(arms.length, 1);
  let before = periods[0]?.number ?? 0;
  to.put(before, 3);
  for (const { number, count } of periods) {
    to.put(number - before, 1);
    to.put(count, 2);
    before = number;
  }
  for (const arm of arms) putArm(to, arm);
  return to.bytes;
}

function putArm(to: Cursor, arm: Arm): void {
  to.put(arm.leaves === 0 ? arm.state : arm.state | leavesBit, 1);
  if (arm.leaves !== 0) to.put(arm.leaves, wide);
  to.put(arm.experiment, wide);
  to.put(arm.variant, wide);
  to.put(arm.firstMs, wide);
  to.put(arm.creditMs, wide);
  if (arm.state !== armState.open) return;
  to.put(arm.context, wide);
  to.put(arm.answers.size, 1);
  putTimes(to, arm.answers, arm.firstMs);
  to.put(arm.shown.size, 2);
  putTimes(to, arm.shown, arm.firstMs);
  to.put(arm.sums.x, 4);
  to.put(arm.sums.counts.length, 1);
  for (const [kind, count] of arm.sums.counts.entries()) {
    to.put(count, 4);
    to.put((arm.sums.values[kind] ?? 0) + valueOffset, wide);
  }
}

function putTimes(to: Cursor, times: ReadonlyMap<number, number>, firstMs: number): void {
  for (const [id, atMs] of times) {
    to.put(id, wide);
    to.put(atMs - firstMs, 4);
  }
}

function decodeUser(bytes: Buffer): UserRow {
  checkLayout(bytes, userLayout, "a user's experiments");
  const from = new Cursor(bytes);
  from.take(1);
  const [periods, arms] = [from.take(1), from.take(1)];
  const row = emptyUser();
  let number = from.take(3);
  for (let left = periods; left > 0; left -= 1) {
    number += from.take(1);
    row.periods.push({ number, count: from.take(2) });
  }
  for (let left = arms; left > 0; left -= 1) row.arms.push(takeArm(from));
  return row;
}

function takeArm(from: Cursor): Arm {
  const first = from.take(1);
  const state = first & ~leavesBit;
  const leaves = (first & leavesBit) === 0 ? 0 : from.take(wide);
  const [experiment, variant] = [from.take(wide), from.take(wide)];
  const [firstMs, creditMs] = [from.take(wide), from.take(wide)];
  const stub = { experiment, variant, state, leaves, firstMs, creditMs };
  if (state !== armState.open) return { ...stub, ...nothingKept() };
  const arm: Arm = { ...stub, ...nothingKept(), context: from.take(wide) };
  takeTimes(from, { count: from.take(1), into: arm.answers, firstMs });
  takeTimes(from, { count: from.take(2), into: arm.shown, firstMs });
  arm.sums.x = from.take(4);
  for (let left = from.take(1); left > 0; left -= 1) {
    arm.sums.counts.push(from.take(4));
    arm.sums.values.push(from.take(wide) - valueOffset);
  }
  return arm;
}

function takeTimes(
  from: Cursor,
  to: { readonly count: number; readonly into: Map<number, number>; readonly firstMs: number },
): void {
  for (let left = to.count; left > 0; left -= 1) {
    const id = from.take(wide);
    to.into.set(id, to.firstMs + from.take(4));
  }
}

/** What an arm that is over holds. */
export const nothingKept = (): Pick<Arm, 'context' | 'answers' | 'shown' | 'sums'> => ({
  context: 0,
  answers: new Map(),
  shown: new Map(),
  sums: { x: 0, counts: [], values: [] },
});
