import { idScratch, sameId, secondsOf, writeId } from '../../schemas/packed/bytes.ts';
import {
  countBytes,
  featuresAt,
  featuresLayout,
  recentAt,
  recentBytes,
  recentsStart,
  visitsMax,
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
  scan(old, secondsOf(act.atMs), length);
  const full = found.count >= limits.recentsMax;
  const joins = found.known < 0 && !(full && found.place === old.length);
  const next = joins ? withItem(old, act, { length, full }) : moveUp(withCount(old, act.type), act);
  count(next, act, limits.halfLifeMs);
  noteTimes(next, act.atMs, { isFirst: row === undefined, gapMs: limits.sessionGapMs });
  return next;
}

/** Where the count of a type stands; where the recent items begin if there is none. */
function countAt(row: Buffer, type: number): number {
  const end = recentsStart(row);
  let at: number = featuresAt.counts;
  while (at < end && row[at] !== type) at += countBytes;
  return at;
}

/** Bytes that a row grows by to count this type. */
const growthFor = (row: Buffer, type: number): number =>
  countAt(row, type) < recentsStart(row) ? 0 : countBytes;

/** Copies what stands before the recent items, with a count for this type. */
function copyHead(row: Buffer, next: Buffer, type: number): void {
  const end = recentsStart(row);
  row.copy(next, 0, 0, end);
  if (countAt(row, type) < end) return;
  next[end] = type;
  next.writeFloatLE(0, end + 1);
  next[featuresAt.types] = (row[featuresAt.types] as number) + 1;
}

/** The row with a count for this type: the same one unless the type is new to the user. */
function withCount(row: Buffer, type: number): Buffer {
  const growth = growthFor(row, type);
  if (growth === 0) return row;
  const next = Buffer.allocUnsafe(row.length + growth);
  copyHead(row, next, type);
  const recentsAt = recentsStart(row);
  row.copy(next, recentsAt + growth, recentsAt);
  found.place += growth;
  if (found.known >= 0) found.known += growth;
  return next;
}

/** The row with the new item where its time says; the oldest goes if the list is full. */
function withItem(
  row: Buffer,
  act: Act,
  { length, full }: { readonly length: number; readonly full: boolean },
): Buffer {
  const growth = growthFor(row, act.type);
  const { place } = found;
  const kept = full ? found.last : row.length;
  const next = Buffer.allocUnsafe(kept + growth + recentBytes + length);
  copyHead(row, next, act.type);
  const recentsAt = recentsStart(row);
  if (place > recentsAt) row.copy(next, recentsAt + growth, recentsAt, place);
  const seconds = secondsOf(act.atMs);
  const { type } = act;
  writeRecent(next, place + growth, { at: seconds, type, length, visits: 1, first: seconds });
  row.copy(next, place + growth + recentBytes + length, place, kept);
  return next;
}

/** The known item was visited once more: to the front, or where its time says, if that is newer. */
function moveUp(row: Buffer, act: Act): Buffer {
  const { known, knownAt, place } = found;
  if (known < 0) return row;
  const seconds = secondsOf(act.atMs);
  const visits = Math.min(visitsMax, (row[known + recentAt.visits] as number) + 1);
  const first = Math.min(row.readUInt32LE(known + recentAt.first), seconds);
  if (knownAt > seconds) {
    // A late event is one more visit, but the newest says where the item stands and as what.
    row[known + recentAt.visits] = visits;
    row.writeUInt32LE(first, known + recentAt.first);
    return row;
  }
  const length = row[known + recentAt.length] as number;
  row.copyWithin(place + recentBytes + length, place, known);
  writeRecent(row, place, { at: seconds, type: act.type, length, visits, first });
  return row;
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
    const otherLength = row[at + recentAt.length] as number;
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

interface Entry {
  readonly at: number;
  readonly type: number;
  readonly length: number;
  readonly visits: number;
  readonly first: number;
}

/** Writes a recent item whose id stands in `id`. */
function writeRecent(row: Buffer, at: number, entry: Entry): void {
  const { length } = entry;
  row.writeUInt32LE(entry.at, at);
  row[at + recentAt.type] = entry.type;
  row[at + recentAt.length] = length;
  row[at + recentAt.visits] = entry.visits;
  row.writeUInt32LE(entry.first, at + recentAt.first);
  id.copy(row, at + recentBytes, 0, length);
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
