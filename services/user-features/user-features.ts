import { idScratch, sameId, secondsOf, writeId } from '../../schemas/packed/bytes.ts';
import {
  countBytes,
  featuresAt,
  featuresLayout,
  recentBytes,
  recentsStart,
} from '../../schemas/packed/user-features.ts';

export interface FeatureLimits {
  readonly recentsMax: number;
  /** Of event time: after this long an event counts half. */
  readonly halfLifeMs: number;
  /** A session ends when the user does nothing for longer than this. */
  readonly sessionGapMs: number;
}

/** One thing that a user did. `type` is its stored number. */
export interface Act {
  readonly itemId: string;
  readonly atMs: number;
  readonly type: number;
}

/** What one pass over a row finds; reused, because a pass runs per event. */
const found = { known: -1, knownAt: 0, place: 0, last: -1, count: 0 };
const id = idScratch();

const nobody = Buffer.alloc(featuresAt.counts);
nobody[0] = featuresLayout;

/**
 * Folds one act into what is known of its user, editing the packed bytes (their layout stands in
 * schemas/packed/user-features.ts). Returns the row to store, which may be `row` changed in place.
 * Time is the event's own; a late event counts with the weight it would have by now.
 */
export function noteAct(row: Buffer | undefined, act: Act, limits: FeatureLimits): Buffer {
  const length = writeId(id, act.itemId);
  if (length < 0) throw new RangeError('an item id of more than 255 bytes got past ingest');
  const old = row ?? nobody;
  const next = placeItem(withCount(old, act.type), act, { length, recentsMax: limits.recentsMax });
  count(next, act, limits.halfLifeMs);
  noteTimes(next, act.atMs, { isFirst: row === undefined, gapMs: limits.sessionGapMs });
  return next;
}

const isKnownType = (row: Buffer, type: number): boolean => countAt(row, type) < recentsStart(row);

/** Where the count of a type stands; where the recent items begin if there is none. */
function countAt(row: Buffer, type: number): number {
  const end = recentsStart(row);
  let at: number = featuresAt.counts;
  while (at < end && row[at] !== type) at += countBytes;
  return at;
}

/** The row with a count for this type: the same one unless the type is new to the user. */
function withCount(row: Buffer, type: number): Buffer {
  if (isKnownType(row, type)) return row;
  const at = recentsStart(row);
  const next = Buffer.allocUnsafe(row.length + countBytes);
  row.copy(next, 0, 0, at);
  next[at] = type;
  next.writeFloatLE(0, at + 1);
  row.copy(next, at + countBytes, at);
  next[featuresAt.types] = (row[featuresAt.types] as number) + 1;
  return next;
}

/** Puts the item among the recent ones where its time says, once, and drops the oldest if full. */
function placeItem(
  row: Buffer,
  act: Act,
  bounds: { readonly length: number; readonly recentsMax: number },
): Buffer {
  const { length, recentsMax } = bounds;
  const seconds = secondsOf(act.atMs);
  scan(row, seconds, length);
  const { known, place } = found;
  const size = recentBytes + length;
  if (known >= 0) {
    if (found.knownAt > seconds) return row;
    row.copyWithin(place + size, place, known);
    writeRecent(row, place, { seconds, type: act.type, length });
    return row;
  }
  const full = found.count >= recentsMax;
  if (full && place === row.length) return row;
  const kept = full ? found.last : row.length;
  const next = Buffer.allocUnsafe(kept + size);
  row.copy(next, 0, 0, place);
  writeRecent(next, place, { seconds, type: act.type, length });
  row.copy(next, place + size, place, kept);
  return next;
}

/** Finds where the id in `id` stands, and where it belongs at `seconds`. */
function scan(row: Buffer, seconds: number, length: number): void {
  const end = row.length;
  let known = -1;
  let knownAt = 0;
  let place = -1;
  let last = -1;
  let count = 0;
  for (let at = recentsStart(row); at < end; count++) {
    const otherLength = row[at + 5] as number;
    if (place < 0 && row.readUInt32LE(at) <= seconds) place = at;
    if (known < 0 && otherLength === length && sameId(row, at + recentBytes, id, length)) {
      known = at;
      knownAt = row.readUInt32LE(at);
    }
    last = at;
    at += recentBytes + otherLength;
  }
  found.known = known;
  found.knownAt = knownAt;
  found.place = place < 0 ? end : place;
  found.last = last;
  found.count = count;
}

function writeRecent(
  row: Buffer,
  at: number,
  recent: { readonly seconds: number; readonly type: number; readonly length: number },
): void {
  row.writeUInt32LE(recent.seconds, at);
  row[at + 4] = recent.type;
  row[at + 5] = recent.length;
  id.copy(row, at + recentBytes, 0, recent.length);
}

/** Adds one to the type's count. All counts are as of `last_seen`, so a newer event halves them. */
function count(row: Buffer, act: Act, halfLifeMs: number): void {
  const ageMs = act.atMs - row.readUIntLE(featuresAt.lastSeen, 6);
  if (ageMs > 0) {
    const factor = 2 ** (-ageMs / halfLifeMs);
    const end = recentsStart(row);
    for (let at = featuresAt.counts + 1; at < end; at += countBytes)
      row.writeFloatLE(row.readFloatLE(at) * factor, at);
  }
  const weight = ageMs >= 0 ? 1 : 2 ** (ageMs / halfLifeMs);
  const at = countAt(row, act.type) + 1;
  row.writeFloatLE(row.readFloatLE(at) + weight, at);
}

function noteTimes(
  row: Buffer,
  atMs: number,
  about: { readonly isFirst: boolean; readonly gapMs: number },
): void {
  const seconds = secondsOf(atMs);
  const last = row.readUIntLE(featuresAt.lastSeen, 6);
  const start = row.readUInt32LE(featuresAt.sessionStart);
  if (about.isFirst || seconds < row.readUInt32LE(featuresAt.firstSeen))
    row.writeUInt32LE(seconds, featuresAt.firstSeen);
  if (about.isFirst || atMs - last > about.gapMs) {
    row.writeUInt32LE(seconds, featuresAt.sessionStart);
    row.writeUInt16LE(1, featuresAt.sessionEvents);
  } else if (atMs >= start * 1000 - about.gapMs) {
    // A late event belongs to this session if it is no further from its start than the gap.
    if (seconds < start) row.writeUInt32LE(seconds, featuresAt.sessionStart);
    const events = row.readUInt16LE(featuresAt.sessionEvents);
    row.writeUInt16LE(Math.min(0xffff, events + 1), featuresAt.sessionEvents);
  }
  if (atMs > last) row.writeUIntLE(atMs, featuresAt.lastSeen, 6);
}
