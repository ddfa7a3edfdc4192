import type { RowCodec } from '../../lib/stream/topology.ts';
import { checkLayout } from '../../schemas/packed/bytes.ts';

export const userLayout = 1;

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
  readonly firstMs: number;
  readonly creditMs: number;
  readonly context: number;
  /** Of the answers that count, in the order of their log. */
  answers: number[];
  /** When an item was shown first. */
  shown: Map<number, number>;
  sums: OutcomeSums;
}

/** An interaction that an exposure which is still to come may claim. 0: there is none. */
export interface Recent {
  readonly appendedMs: number;
  readonly occurredMs: number;
  readonly item: number;
  readonly kind: number;
  readonly answer: number;
  readonly context: number;
  readonly value: number;
}

/** How many interactions a user had in a stretch of time. */
export interface Period {
  readonly number: number;
  count: number;
}

export interface UserRow {
  /** In ascending order. */
  readonly periods: Period[];
  /** In the order of their log. */
  recents: Recent[];
  /** In the order of their first exposures' log. */
  readonly arms: Arm[];
}

export const emptyUser = (): UserRow => ({ periods: [], recents: [], arms: [] });

const wide = 6;
const flag = { answer: 1, context: 2, value: 4 } as const;
const valueOffset = 2 ** 46;

const recentBytes = ({ answer, context, value }: Recent): number =>
  1 + 4 * wide + wide * (Number(answer > 0) + Number(context > 0) + Number(value !== 0));
const stubBytes = 1 + 4 * wide;
const armBytes = (arm: Arm): number =>
  arm.state === armState.open
    ? stubBytes +
      wide +
      1 +
      arm.answers.length * wide +
      2 +
      arm.shown.size * 2 * wide +
      5 +
      arm.sums.counts.length * 10
    : stubBytes;

const bytesOf = ({ periods, recents, arms }: UserRow): number =>
  7 +
  periods.length * 3 +
  recents.reduce((sum, recent) => sum + recentBytes(recent), 0) +
  arms.reduce((sum, arm) => sum + armBytes(arm), 0);

/**
 * Layout, number of periods, of recents and of arms, the first period's number; periods as their
 * distance from the one before and their count; recents; arms, those that are over as stubs.
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
  const { periods, recents, arms } = row;
  const to = new Cursor(Buffer.allocUnsafe(bytesOf(row)));
  to.put(userLayout, 1);
  to.put(periods.length, 1);
  to.put(recents.length, 1);
  to.put(arms.length, 1);
  let before = periods[0]?.number ?? 0;
  to.put(before, 3);
  for (const { number, count } of periods) {
    to.put(number - before, 1);
    to.put(count, 2);
    before = number;
  }
  for (const recent of recents) putRecent(to, recent);
  for (const arm of arms) putArm(to, arm);
  return to.bytes;
}

function putRecent(to: Cursor, recent: Recent): void {
  const { answer, context, value } = recent;
  to.put(
    (answer > 0 ? flag.answer : 0) |
      (context > 0 ? flag.context : 0) |
      (value === 0 ? 0 : flag.value),
    1,
  );
  to.put(recent.appendedMs, wide);
  to.put(recent.occurredMs, wide);
  to.put(recent.item, wide);
  to.put(recent.kind, wide);
  if (answer > 0) to.put(answer, wide);
  if (context > 0) to.put(context, wide);
  if (value !== 0) to.put(value + valueOffset, wide);
}

function putArm(to: Cursor, arm: Arm): void {
  to.put(arm.state, 1);
  to.put(arm.experiment, wide);
  to.put(arm.variant, wide);
  to.put(arm.firstMs, wide);
  to.put(arm.creditMs, wide);
  if (arm.state !== armState.open) return;
  to.put(arm.context, wide);
  to.put(arm.answers.length, 1);
  for (const answer of arm.answers) to.put(answer, wide);
  to.put(arm.shown.size, 2);
  for (const [item, atMs] of arm.shown) {
    to.put(item, wide);
    to.put(atMs, wide);
  }
  to.put(arm.sums.x, 4);
  to.put(arm.sums.counts.length, 1);
  for (const [kind, count] of arm.sums.counts.entries()) {
    to.put(count, 4);
    to.put((arm.sums.values[kind] ?? 0) + valueOffset, wide);
  }
}

function decodeUser(bytes: Buffer): UserRow {
  checkLayout(bytes, userLayout, "a user's experiments");
  const from = new Cursor(bytes);
  from.take(1);
  const [periods, recents, arms] = [from.take(1), from.take(1), from.take(1)];
  const row = emptyUser();
  let number = from.take(3);
  for (let left = periods; left > 0; left -= 1) {
    number += from.take(1);
    row.periods.push({ number, count: from.take(2) });
  }
  for (let left = recents; left > 0; left -= 1) row.recents.push(takeRecent(from));
  for (let left = arms; left > 0; left -= 1) row.arms.push(takeArm(from));
  return row;
}

function takeRecent(from: Cursor): Recent {
  const flags = from.take(1);
  return {
    appendedMs: from.take(wide),
    occurredMs: from.take(wide),
    item: from.take(wide),
    kind: from.take(wide),
    answer: (flags & flag.answer) === 0 ? 0 : from.take(wide),
    context: (flags & flag.context) === 0 ? 0 : from.take(wide),
    value: (flags & flag.value) === 0 ? 0 : from.take(wide) - valueOffset,
  };
}

function takeArm(from: Cursor): Arm {
  const state = from.take(1);
  const [experiment, variant] = [from.take(wide), from.take(wide)];
  const [firstMs, creditMs] = [from.take(wide), from.take(wide)];
  const stub = { experiment, variant, state, firstMs, creditMs };
  if (state !== armState.open) return { ...stub, ...nothingKept() };
  const arm: Arm = { ...stub, ...nothingKept(), context: from.take(wide) };
  for (let left = from.take(1); left > 0; left -= 1) arm.answers.push(from.take(wide));
  for (let left = from.take(2); left > 0; left -= 1) {
    const item = from.take(wide);
    arm.shown.set(item, from.take(wide));
  }
  arm.sums.x = from.take(4);
  for (let left = from.take(1); left > 0; left -= 1) {
    arm.sums.counts.push(from.take(4));
    arm.sums.values.push(from.take(wide) - valueOffset);
  }
  return arm;
}

/** What an arm that is over holds. */
export const nothingKept = (): Pick<Arm, 'context' | 'answers' | 'shown' | 'sums'> => ({
  context: 0,
  answers: [],
  shown: new Map(),
  sums: { x: 0, counts: [], values: [] },
});
