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
 */
export const featuresLayout = 2;
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

export function decodeUserFeatures(bytes: Buffer, types: readonly string[]): UserFeatures {
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
export function decodeRecents(bytes: Buffer, types: readonly string[]): Recent[] {
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

export const lastSeenMs = (bytes: Buffer): number => bytes.readUIntLE(featuresAt.lastSeen, 6);

/** Where the recent items begin. */
export const recentsStart = (bytes: Buffer): number =>
  featuresAt.counts + countBytes * (bytes[featuresAt.types] ?? 0);
