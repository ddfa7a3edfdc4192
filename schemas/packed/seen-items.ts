import { checkLayout, hashOf, idScratch, readId, sameId, type StoredId, writeId } from './bytes.ts';

/**
 * What a user has seen, as `seen-items` publishes it in Redis. Bytes, little-endian:
 *
 *   layout u8 | complete_from u32 | entries, newest first: seen_at u32, kinds u8, length u8, id
 *
 * Times are whole seconds. `complete_from` is the first second from which on nothing is missing:
 * entries that were cut, by number or by age, were all seen before it; 0: nothing was ever cut.
 * An entry's time is when the item was last seen by any kind of event; `kinds` has a bit for every
 * kind by which it was seen since `complete_from`. Entries are in descending order of time, and of
 * one second in ascending order of the id's bytes.
 *
 * 16 bytes an entry for a 10-byte id: 100 of them fit an allocation of 1,792 bytes.
 */
export const seenLayout = 1;
export const seenHeaderBytes = 5;
export const seenEntryBytes = 6;

/** All but how far back the row reaches. */
export const seenEntries = (row: Buffer): Buffer => row.subarray(seenHeaderBytes);

/** The configured types that have a bit of their own; all others share the last bit. */
export const seenKindsMax = 7;
const otherKinds = 1 << seenKindsMax;
export const anyKind = 0xff;

/** The bit of one type of event. `types` is the configured, ordered list. */
export function kindBit(types: readonly string[], type: string): number {
  const index = types.indexOf(type);
  return index >= 0 && index < seenKindsMax ? 1 << index : otherKinds;
}

/**
 * The bits of a rule's kinds; none named: any. A kind past the seventh stands for all of these, so
 * that a rule may remove too much but never too little.
 */
export const kindsMask = (types: readonly string[], kinds: readonly string[]): number =>
  kinds.length === 0 ? anyKind : kinds.reduce((mask, kind) => mask | kindBit(types, kind), 0);

export interface SeenItem {
  readonly itemId: string;
  /** Start of the second in which it was last seen. */
  readonly atMs: number;
  readonly kinds: number;
}

/** Answers 'has this user seen this item?' for the candidates of one answer. */
export interface SeenIndex {
  readonly size: number;
  /** From when on nothing is missing, in ms; null: nothing was ever cut. */
  readonly since: number | null;
  /**
   * Seen by one of these kinds, last seen at or after this time (to the second). `stored`: where the
   * same id lies in bytes, if it does: to look at a string's letters costs several times as much.
   */
  has(itemId: string, kinds: number, sinceMs: number, stored?: StoredId): boolean;
}

/** What the partition's header and its generation say of users who stay away. */
export interface SeenHorizon {
  /** A user counts as unknown after this long without an event; null: never. */
  readonly horizonMs: number | null;
  /** Highest event time that the partition has folded; -1: none. */
  readonly newestMs: number;
}

const noHorizon: SeenHorizon = { horizonMs: null, newestMs: -1 };
const nothingSeen: SeenIndex = { size: 0, since: null, has: () => false };
const scratch = idScratch();

/**
 * Reads the stored bytes; `null`: nothing is known of the user, who may have been forgotten. A row
 * past the horizon counts as absent, whether or not it has been swept. Bytes that are cut short are
 * refused when they are first asked.
 */
export function readSeen(bytes: Buffer | null, horizon: SeenHorizon = noHorizon): SeenIndex {
  const { horizonMs, newestMs } = horizon;
  if (bytes !== null) checkLayout(bytes, seenLayout, 'seen items');
  const isKept =
    bytes !== null && (horizonMs === null || lastSightMs(bytes) + horizonMs >= newestMs);
  if (!isKept) {
    const forgetsMs = horizonMs === null ? 0 : newestMs - horizonMs;
    return forgetsMs > 0 ? { ...nothingSeen, since: forgetsMs } : nothingSeen;
  }
  return new SeenRow(bytes);
}

class SeenRow implements SeenIndex {
  readonly since: number | null;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.since = completeFromMs(bytes);
  }

  get size(): number {
    return sizeOf(this.#bytes);
  }

  has(itemId: string, kinds: number, sinceMs: number, stored?: StoredId): boolean {
    const bytes = this.#bytes;
    // By the reading, not by its bytes: a fold in memory may change its row from one to the next.
    if (indexed !== this) index(bytes, this);
    const id = stored ?? written(itemId);
    const at = id === null ? 0 : find(bytes, id);
    if (at === 0 || ((bytes[at + 4] ?? 0) & kinds) === 0) return false;
    return bytes.readUInt32LE(at) >= Math.floor(sinceMs / 1000);
  }
}

/** All entries, newest first: for tools and tests, not for the path of an answer. */
export function listSeen(bytes: Buffer): SeenItem[] {
  checkLayout(bytes, seenLayout, 'seen items');
  const items: SeenItem[] = [];
  for (let at = seenHeaderBytes; at < bytes.length; ) {
    const length = entryLength(bytes, at);
    const atMs = bytes.readUInt32LE(at) * 1000;
    items.push({ itemId: readId(bytes, at + 5), atMs, kinds: bytes[at + 4] ?? 0 });
    at += seenEntryBytes + length;
  }
  return items;
}

/** `since` of the stored bytes, without indexing them. */
export function completeFromMs(bytes: Buffer): number | null {
  const seconds = bytes.readUInt32LE(1);
  return seconds === 0 ? null : seconds * 1000;
}

/** End of the second in which the newest item was seen. */
export const lastSightMs = (bytes: Buffer): number =>
  bytes.readUInt32LE(seenHeaderBytes) * 1000 + 999;

function entryLength(bytes: Buffer, at: number): number {
  const length = bytes[at + 5];
  if (length === undefined || at + seenEntryBytes + length > bytes.length)
    throw new RangeError('seen items are cut short');
  return length;
}

function sizeOf(bytes: Buffer): number {
  let size = 0;
  for (let at = seenHeaderBytes; at < bytes.length; size++)
    at += seenEntryBytes + entryLength(bytes, at);
  return size;
}

/**
 * Where the entries of one row lie, by the hash of their ids: of the reading that was asked last, as
 * an answer asks of one row only. A table for each answer would cost more than all its look-ups.
 */
let table = new Int32Array(512);
let mask = 0;
let indexed: object | null = null;

/** Bytes are hashed where they lie: making strings of 2,000 ids costs ten times as much. */
function index(bytes: Buffer, reading: object): void {
  const entriesMax = Math.ceil((bytes.length - seenHeaderBytes) / (seenEntryBytes + 1));
  const slots = 1 << (32 - Math.clz32(2 * entriesMax + 1));
  if (slots > table.length) table = new Int32Array(slots);
  else table.fill(0, 0, slots);
  mask = slots - 1;
  indexed = null;
  // What a loop reads of its module it reads anew each time.
  const into = table;
  const within = mask;
  for (let at = seenHeaderBytes; at < bytes.length; ) {
    const length = entryLength(bytes, at);
    let slot = hashOf(bytes, at + seenEntryBytes, length) & within;
    while (into[slot] !== 0) slot = (slot + 1) & within;
    into[slot] = at;
    at += seenEntryBytes + length;
  }
  indexed = reading;
}

/** Null: no id is so long. Good until the next one. */
function written(itemId: string): StoredId | null {
  const length = writeId(scratch, itemId);
  return length < 0 ? null : { bytes: scratch, at: 0, length };
}

function find(bytes: Buffer, id: StoredId): number {
  const { length } = id;
  let slot = hashOf(id.bytes, id.at, length) & mask;
  for (let at = table[slot] ?? 0; at !== 0; at = table[slot] ?? 0) {
    const isSame =
      bytes[at + 5] === length && sameId(bytes, at + seenEntryBytes, id.bytes, length, id.at);
    if (isSame) return at;
    slot = (slot + 1) & mask;
  }
  return 0;
}
