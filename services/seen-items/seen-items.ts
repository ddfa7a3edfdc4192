import { idScratch, sameId, secondsOf, writeId } from '../../schemas/packed/bytes.ts';
import { seenEntryBytes, seenHeaderBytes, seenLayout } from '../../schemas/packed/seen-items.ts';

export interface SeenLimits {
  readonly itemsMax: number;
  /** Of event time: the newest item sets the horizon, never a clock. */
  readonly ageMsMax: number;
}

/** One item, seen once. `kind` is the bit of the event's type. */
export interface Sight {
  readonly itemId: string;
  readonly atMs: number;
  readonly kind: number;
}

/** What one pass over a row finds; reused, because a pass runs per event. */
const found = { known: -1, place: -1, last: -1, oldest: 0, count: 0 };
const id = idScratch();

/**
 * Folds one sight into what its user has seen, editing the packed bytes (their layout stands in
 * schemas/packed/seen-items.ts). Returns the row to store, which may be `row` changed in place, or
 * null when nothing changed.
 *
 * Which items are kept and their times do not depend on the order or the repetition of events. What
 * was cut raises `complete_from`, so that 'not seen' is never claimed of a time that is not known.
 */
export function seeItem(row: Buffer | undefined, sight: Sight, limits: SeenLimits): Buffer | null {
  const length = writeId(id, sight.itemId);
  if (length < 0) throw new RangeError('an item id of more than 255 bytes got past ingest');
  const seconds = secondsOf(sight.atMs);
  const old = row ?? nothingSeen;
  scan(old, seconds, length);
  if (found.known >= 0) {
    const moved = moveUp(old, seconds, sight.kind);
    return moved === null ? null : dropOld(moved, limits);
  }
  const newest = old.length > seenHeaderBytes ? old.readUInt32LE(seenHeaderBytes) : seconds;
  const full = found.count >= limits.itemsMax;
  if (seconds < newest - ageSeconds(limits) || (full && found.place === old.length))
    return raiseCompleteFrom(old, seconds + 1);

  const kept = full ? found.last : old.length;
  const size = seenEntryBytes + length;
  const next = Buffer.allocUnsafe(kept + size);
  old.copy(next, 0, 0, found.place);
  writeEntry(next, found.place, { seconds, kind: sight.kind, length });
  old.copy(next, found.place + size, found.place, kept);
  if (full) raiseCompleteFrom(next, old.readUInt32LE(found.last) + 1);
  return dropOld(next, limits);
}

const nothingSeen = Buffer.alloc(seenHeaderBytes);
nothingSeen[0] = seenLayout;

/** What is known of a user of whom nothing is kept: that all there was is from before `sinceMs`. */
export function nothingSince(sinceMs: number | null): Buffer | undefined {
  if (sinceMs === null) return undefined;
  const row = Buffer.from(nothingSeen);
  raiseCompleteFrom(row, Math.ceil(sinceMs / 1000));
  return row;
}

const ageSeconds = (limits: SeenLimits): number => Math.floor(limits.ageMsMax / 1000);

/** Finds where the id in `id` stands, and where it belongs if it is seen at `seconds`. */
function scan(row: Buffer, seconds: number, length: number): void {
  const end = row.length;
  let known = -1;
  let place = -1;
  let last = -1;
  let count = 0;
  for (let at = seenHeaderBytes; at < end; count++) {
    const otherLength = row[at + 5] as number;
    const idAt = at + seenEntryBytes;
    if (place < 0) {
      const time = row.readUInt32LE(at);
      if (time < seconds || (time === seconds && comesBefore(row, idAt, length))) place = at;
    }
    if (known < 0 && otherLength === length && sameId(row, idAt, id, length)) known = at;
    last = at;
    at = idAt + otherLength;
  }
  found.known = known;
  found.place = place < 0 ? end : place;
  found.last = last;
  found.oldest = last < 0 ? seconds : row.readUInt32LE(last);
  found.count = count;
}

/** Whether the id in `id` comes before the stored one: what orders items of one second. */
function comesBefore(row: Buffer, idAt: number, length: number): boolean {
  const end = idAt + (row[idAt - 1] as number);
  return id.compare(row, idAt, end, 0, length) < 0;
}

/** The known item was seen once more: marks the kind, and moves it up if this is the newest time. */
function moveUp(row: Buffer, seconds: number, kind: number): Buffer | null {
  const { known, place } = found;
  const kinds = row[known + 4] as number;
  if (row.readUInt32LE(known) >= seconds) {
    if ((kinds & kind) !== 0) return null;
    row[known + 4] = kinds | kind;
    return row;
  }
  const length = row[known + 5] as number;
  row.copyWithin(place + seenEntryBytes + length, place, known);
  writeEntry(row, place, { seconds, kind: kinds | kind, length });
  return row;
}

function writeEntry(
  row: Buffer,
  at: number,
  entry: { readonly seconds: number; readonly kind: number; readonly length: number },
): void {
  row.writeUInt32LE(entry.seconds, at);
  row[at + 4] = entry.kind;
  row[at + 5] = entry.length;
  id.copy(row, at + seenEntryBytes, 0, entry.length);
}

/** Cuts what lies past the age limit as the row's newest item sets it: a rule on the row alone. */
function dropOld(row: Buffer, limits: SeenLimits): Buffer {
  const horizon = row.readUInt32LE(seenHeaderBytes) - ageSeconds(limits);
  if (found.oldest >= horizon) return row;
  for (let at = seenHeaderBytes; at < row.length; ) {
    const time = row.readUInt32LE(at);
    if (time < horizon) {
      raiseCompleteFrom(row, time + 1);
      return row.subarray(0, at);
    }
    at += seenEntryBytes + (row[at + 5] as number);
  }
  return row;
}

/** Returns the row if that changed it: from `seconds` on nothing is missing. */
function raiseCompleteFrom(row: Buffer, seconds: number): Buffer | null {
  if (row.readUInt32LE(1) >= seconds) return null;
  row.writeUInt32LE(Math.min(seconds, 0xffff_ffff), 1);
  return row;
}
