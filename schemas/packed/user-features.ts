import { checkLayout, readId } from './bytes.ts';

/**
 * What is known of a user, as `user-features` publishes it in Redis. Bytes, little-endian:
 *
 *   layout u8 | first_seen u32 | last_seen u48 (ms) | session_start u32 | session_events u16 |
 *   n u8 | n counts: type u8, weight f32 |
 *   recent items, newest first: at u32, type u8, length u8, id
 *
 * Times are whole seconds but for `last_seen`. A weight is the count of a type's events, each
 * halved per half-life between its time and `last_seen`. A type is its place in the configured
 * list; 255: none of these. Recent items are distinct; of one second, the later in the log stands
 * first.
 *
 * A user of ten events with 10-byte ids takes about 200 bytes.
 */
export const featuresLayout = 1;
export const featuresAt = {
  firstSeen: 1,
  lastSeen: 5,
  sessionStart: 11,
  sessionEvents: 15,
  types: 17,
  counts: 18,
} as const;
export const countBytes = 5;
export const recentBytes = 6;
export const otherType = 255;

export interface Recent {
  readonly itemId: string;
  readonly atMs: number;
  readonly type: string;
}

export interface UserFeatures {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly session: { readonly startedAtMs: number; readonly events: number };
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
    session: {
      startedAtMs: bytes.readUInt32LE(featuresAt.sessionStart) * 1000,
      events: bytes.readUInt16LE(featuresAt.sessionEvents),
    },
    counts,
    recents: decodeRecents(bytes, types),
  };
}

/** The part that retrieval asks for. */
export function decodeRecents(bytes: Buffer, types: readonly string[]): Recent[] {
  checkLayout(bytes, featuresLayout, 'user features');
  const recents: Recent[] = [];
  for (let at = recentsStart(bytes); at < bytes.length; ) {
    const atMs = bytes.readUInt32LE(at) * 1000;
    const type = typeName(types, bytes[at + 4] ?? otherType);
    recents.push({ itemId: readId(bytes, at + 5), atMs, type });
    at += recentBytes + (bytes[at + 5] ?? 0);
  }
  return recents;
}

export const lastSeenMs = (bytes: Buffer): number => bytes.readUIntLE(featuresAt.lastSeen, 6);

/** Where the recent items begin. */
export const recentsStart = (bytes: Buffer): number =>
  featuresAt.counts + countBytes * (bytes[featuresAt.types] ?? 0);
