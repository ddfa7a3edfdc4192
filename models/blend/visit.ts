import { at, hourOf, hoursOfDay, rungHalfLives } from './layout.ts';

export interface Visit {
  readonly atMs: number;
  /** Accepted events of its source partition so far: what the rungs fade by. */
  readonly clock: number;
  /** By the type of the event. */
  readonly weight: number;
}

/** Counts a visit of the row's own item, in the head of its row. */
export const countVisit = (head: Buffer, { atMs, clock, weight }: Visit): void => {
  const seconds = Math.max(0, Math.min(0xffffffff, Math.floor(atMs / 1_000)));
  const before = head.readUInt32LE(at.visits);
  const isFirst = before === 0;
  head.writeUInt32LE(Math.min(before + 1, 0xffffffff), at.visits);
  const first = isFirst ? seconds : Math.min(seconds, head.readUInt32LE(at.firstSeconds));
  head.writeUInt32LE(first, at.firstSeconds);
  head.writeUInt32LE(Math.max(seconds, head.readUInt32LE(at.lastSeconds)), at.lastSeconds);
  for (const [rung, halfLife] of rungHalfLives.entries()) {
    const place = at.rungs + 8 * rung;
    const added = clock / halfLife + Math.log2(weight);
    head.writeDoubleLE(isFirst ? added : addLog2(head.readDoubleLE(place), added), place);
  }
  countHour(head, hourOf(Math.max(0, atMs)));
};

const countHour = (head: Buffer, hour: number): void => {
  const place = at.hours + 2 * hour;
  if (head.readUInt16LE(place) === 0xffff)
    for (let each: number = at.hours; each < at.hours + 2 * hoursOfDay; each += 2)
      head.writeUInt16LE(head.readUInt16LE(each) >> 1, each);
  head.writeUInt16LE(head.readUInt16LE(place) + 1, place);
};

/** log2(2^a + 2^b). */
const addLog2 = (a: number, b: number): number =>
  Math.max(a, b) + Math.log2(1 + 2 ** -Math.abs(a - b));

/** Log2 of the visits by rung; the last rung is all time. */
export const rungOf = (head: Buffer, rung: number): number =>
  rung < rungHalfLives.length
    ? head.readDoubleLE(at.rungs + 8 * rung)
    : Math.log2(head.readUInt32LE(at.visits));
