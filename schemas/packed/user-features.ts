import { checkLayout } from './bytes.ts';

/**
 * What is known of a user, as `user-features` publishes it in Redis. Bytes, little-endian:
 *
 *   layout u8 | first_seen u32 | last_seen u48 (ms) | session_start u32 | session_events u16 |
 *   n u8 | n counts: type u8, weight f32 |
 *   recent items, newest first: at u32, type u8, length u8, visits u8, first u32, id
 *
 * Times are whole seconds but for `last_seen`. A weight is the count of a type's events, each
 * halved per half-life between its time and `last_seen`. A type is its place in the configured
 * list; 255: none of these. Recent items are distinct; of one second, the later in the log stands
 * first. `visits` are the user's events with the item since it entered the list, 255: so many or
 * more; `first` is the earliest of their times. An item that left the list starts anew.
 *
 * A user of ten events with 10-byte ids takes about 250 bytes.
 *
 * Where attributes of users are configured, all of that stands behind them:
 *
 *   layout u8 (3) | length u16 of what follows | attributes: name u8, at u32, length u8, value |
 *   a value of layout 2
 *
 * A name is its place in the configured list; `at` is the second of the newest interaction that
 * gave the value.
 */
export const featuresLayout = 2;
export const attributesLayout = 3;
const attributesHeadBytes = 3;
const attributeHeadBytes = 6;
/** Longer values are not kept. */
export const attributeBytesMax = 64;
export const featuresAt = {
  firstSeen: 1,
  lastSeen: 5,
  sessionStart: 11,
  sessionEvents: 15,
  types: 17,
  counts: 18,
} as const;
export const countBytes = 5;
/** Of a recent item, without its id; and where its parts begin. */
export const recentBytes = 11;
export const recentAt = { type: 4, length: 5, visits: 6, first: 7 } as const;
export const visitsMax = 255;
export const otherType = 255;

export interface Recent {
  readonly itemId: string;
  /** Of the newest visit, as the type is. */
  readonly atMs: number;
  readonly type: string;
  /** Events since the item entered the list, up to `visitsMax`. */
  readonly visits: number;
  /** The earliest of these. */
  readonly firstAtMs: number;
}

interface Session {
  readonly startedAtMs: number;
  readonly events: number;
}

export interface UserFeatures {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly session: Session;
  /** Decayed counts, as of `lastSeenMs`. */
  readonly counts: readonly { readonly type: string; readonly weight: number }[];
  /** Distinct items, newest first. */
  readonly recents: readonly Recent[];
}

/** The stored number of a type. `types` is the configured, ordered list. */
export function typeNumber(types: readonly string[], type: string): number {
  const index = types.indexOf(type);
  return index >= 0 && index < otherType ? index : otherType;
}

const typeName = (types: readonly string[], number: number): string => types[number] ?? 'other';

export function decodeUserFeatures(row: Buffer, types: readonly string[]): UserFeatures {
  const bytes = withoutAttributes(row);
  checkLayout(bytes, featuresLayout, 'user features');
  const counts = [];
  const recentsAt = recentsStart(bytes);
  for (let at: number = featuresAt.counts; at < recentsAt; at += countBytes)
    counts.push({
      type: typeName(types, bytes[at] ?? otherType),
      weight: bytes.readFloatLE(at + 1),
    });
  return {
    firstSeenMs: bytes.readUInt32LE(featuresAt.firstSeen) * 1000,
    lastSeenMs: lastSeenMs(bytes),
    session: sessionIn(bytes),
    counts,
    recents: recentsIn(bytes, types),
  };
}

/** Counts are left alone. */
export function decodeRecents(row: Buffer, types: readonly string[]): Recent[] {
  const bytes = withoutAttributes(row);
  checkLayout(bytes, featuresLayout, 'user features');
  return recentsIn(bytes, types);
}

function recentsIn(bytes: Buffer, types: readonly string[]): Recent[] {
  const recents: Recent[] = [];
  for (let at = recentsStart(bytes); at < bytes.length; ) {
    const id = at + recentBytes;
    const end = id + (bytes[at + recentAt.length] ?? 0);
    if (end > bytes.length) throw new RangeError('packed value is cut short');
    recents.push({
      itemId: bytes.toString('utf8', id, end),
      atMs: bytes.readUInt32LE(at) * 1000,
      type: typeName(types, bytes[at + recentAt.type] ?? otherType),
      visits: bytes[at + recentAt.visits] ?? 0,
      firstAtMs: bytes.readUInt32LE(at + recentAt.first) * 1000,
    });
    at = end;
  }
  return recents;
}

const sessionIn = (bytes: Buffer): Session => ({
  startedAtMs: bytes.readUInt32LE(featuresAt.sessionStart) * 1000,
  events: bytes.readUInt16LE(featuresAt.sessionEvents),
});

export const lastSeenMs = (row: Buffer): number =>
  withoutAttributes(row).readUIntLE(featuresAt.lastSeen, 6);

export interface StoredAttribute {
  /** Its place in the configured list. */
  readonly name: number;
  readonly at: number;
  readonly value: Buffer;
}

export function storedAttributes(row: Buffer): StoredAttribute[] {
  if (row[0] !== attributesLayout) return [];
  const end = attributesHeadBytes + row.readUInt16LE(1);
  const stored: StoredAttribute[] = [];
  for (let at = attributesHeadBytes; at < end; ) {
    const from = at + attributeHeadBytes;
    const to = from + (row[at + 5] ?? 0);
    if (to > end) throw new RangeError('packed value is cut short');
    stored.push({
      name: row[at] ?? 0,
      at: row.readUInt32LE(at + 1),
      value: row.subarray(from, to),
    });
    at = to;
  }
  return stored;
}

/** What rules may compare items with. `names` is the configured, ordered list. */
export const decodeAttributes = (row: Buffer, names: readonly string[]): Map<string, string> =>
  new Map(
    storedAttributes(row).flatMap(({ name, value }): [string, string][] => {
      const known = names[name];
      return known === undefined ? [] : [[known, value.toString('utf8')]];
    }),
  );

export function withAttributes(attributes: readonly StoredAttribute[], row: Buffer): Buffer {
  const parts = attributes.map(({ name, at, value }) => {
    const head = Buffer.alloc(attributeHeadBytes);
    head[0] = name;
    head.writeUInt32LE(at, 1);
    head[5] = value.length;
    return Buffer.concat([head, value]);
  });
  const head = Buffer.alloc(attributesHeadBytes);
  head[0] = attributesLayout;
  head.writeUInt16LE(
    parts.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  return Buffer.concat([head, ...parts, row]);
}

/** The value of layout 2 in it; the same bytes where there are no attributes. */
export const withoutAttributes = (row: Buffer): Buffer =>
  row[0] === attributesLayout && row.length >= attributesHeadBytes
    ? row.subarray(attributesHeadBytes + row.readUInt16LE(1))
    : row;

/** Where the recent items begin. */
export const recentsStart = (bytes: Buffer): number =>
  featuresAt.counts + countBytes * (bytes[featuresAt.types] ?? 0);
