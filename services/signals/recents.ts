import { sessionGapMs } from '../../models/profile.ts';

/** An item that a user visited: structural twin of the models' RecentItem. */
export interface Recent {
  readonly itemId: string;
  readonly atMs: number;
  readonly type: string;
}

export interface Visit {
  readonly itemId: string;
  readonly atMs: number;
  /** Number of the event's type in the configured list. */
  readonly typeIndex: number;
}

export interface RecentsOptions {
  readonly types: readonly string[];
  readonly recentItemsMax: number;
}

/**
 * A user's present session and last distinct items as stored: [u8 layout][u48 sessionStartMs], then
 * newest first per item [u8 type][u48 ms][u16 length][id], little-endian. Edited as bytes: what
 * does not change is copied, never written again.
 */
export const recentsLayout = 2;
const headBytes = 7;
const entryHeadBytes = 9;

/** A user's recent items, and where each begins in the row (and where the last one ends). */
export interface Recents {
  readonly items: Recent[];
  readonly starts: number[];
  /** When the session of the newest item began; of a user without items: 0. */
  readonly sessionStartMs: number;
}

export const readRecents = (row: Buffer | undefined, types: readonly string[]): Recents => {
  const items: Recent[] = [];
  const starts: number[] = [headBytes];
  if (row === undefined) return { items, starts, sessionStartMs: 0 };
  if (row[0] !== recentsLayout)
    throw new Error(`signals: a stored row has an unknown layout (${row.length} bytes)`);
  let at = headBytes;
  while (at < row.length) {
    const end = at + entryHeadBytes + row.readUInt16LE(at + 7);
    items.push({
      type: types[row[at] as number] ?? '',
      atMs: row.readUIntLE(at + 1, 6),
      itemId: row.toString('utf8', at + entryHeadBytes, end),
    });
    starts.push(end);
    at = end;
  }
  return { items, starts, sessionStartMs: row.readUIntLE(1, 6) };
};

/**
 * When the session of a visit began, which names the session. A visit shortly before the present
 * one belongs to it and leaves its name alone; one further back has a session of its own, because
 * nothing is kept of the sessions before.
 */
export const sessionStartOf = ({ items, sessionStartMs }: Recents, atMs: number): number => {
  const newest = items[0];
  if (newest === undefined || atMs - newest.atMs > sessionGapMs) return atMs;
  return sessionStartMs - atMs > sessionGapMs ? atMs : sessionStartMs;
};

/** When the newest recent item was visited. */
export const newestVisitMs = (row: Buffer): number => row.readUIntLE(headBytes + 1, 6);

/**
 * The row after a visit; null when it stays as it is. Items are in the order of their newest
 * visit's event time, so a late event goes to its own place, and to none if that is past the end.
 * Of two visits at one time the one that came later in the log is the newer.
 */
export const noteVisit = (
  row: Buffer | undefined,
  known: Recents,
  given: { readonly visit: Visit; readonly options: RecentsOptions },
): Buffer | null => {
  const { items, starts } = known;
  const { visit, options } = given;
  const before = items.findIndex(({ itemId }) => itemId === visit.itemId);
  if (before >= 0 && (items[before] as Recent).atMs > visit.atMs) return null;
  let place = 0;
  while (place < items.length && (items[place] as Recent).atMs > visit.atMs) place++;
  if (place >= options.recentItemsMax) return null;
  // The item's earlier visit goes; the last item goes when there is no room for one more.
  const keeps = before >= 0 ? items.length : Math.min(items.length, options.recentItemsMax - 1);
  const idBytes = Buffer.byteLength(visit.itemId);
  const next = Buffer.allocUnsafe((starts[keeps] as number) + entryHeadBytes + idBytes);
  next[0] = recentsLayout;
  next.writeUIntLE(Math.max(known.sessionStartMs, sessionStartOf(known, visit.atMs)), 1, 6);
  let at = headBytes;
  const copy = (from: number, to: number): void => {
    if (from < to) at += row?.copy(next, at, starts[from], starts[to]) ?? 0;
  };
  copy(0, place);
  at = writeVisit(next, at, visit);
  if (before < 0) copy(place, keeps);
  else {
    copy(place, before);
    copy(before + 1, keeps);
  }
  return next.subarray(0, at);
};

const writeVisit = (bytes: Buffer, at: number, visit: Visit): number => {
  bytes[at] = visit.typeIndex;
  bytes.writeUIntLE(visit.atMs, at + 1, 6);
  const idBytes = bytes.write(visit.itemId, at + entryHeadBytes, 'utf8');
  bytes.writeUInt16LE(idBytes, at + 7);
  return at + entryHeadBytes + idBytes;
};
