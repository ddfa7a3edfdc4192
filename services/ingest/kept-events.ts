import { checkLayout } from '../../schemas/packed/bytes.ts';
import type { MergedEvent } from '../../schemas/generated/interaction.ts';

/**
 * The last events of a user who is not logged in yet, for the day that it is known who that is.
 * Bytes, little-endian, oldest first:
 *
 *   layout u8 | newest u48 (ms) | n times: occurred_at u48 (ms), type u8, length u8, item id
 *
 * `type` is the place in the sorted list of types, which is part of the fold's identity.
 */
export const keptLayout = 1;

const headBytes = 7;
const entryHeadBytes = 8;

export interface KeptEvent {
  readonly itemId: string;
  readonly typeIndex: number;
  readonly atMs: number;
}

/** When the newest of the events occurred. */
export const newestKeptMs = (row: Buffer): number => {
  checkLayout(row, keptLayout, 'events of an anonymous user');
  return row.readUIntLE(1, 6);
};

/** The row with one more event; the oldest goes where there are too many. */
export function keepEvent(row: Buffer | undefined, event: KeptEvent, eventsMax: number): Buffer {
  const starts = row === undefined ? [] : startsOf(row);
  const gone = Math.max(0, starts.length + 1 - eventsMax);
  const from = starts[gone] ?? row?.length ?? headBytes;
  const kept = row === undefined ? 0 : row.length - from;
  const id = Buffer.from(event.itemId);
  if (id.length > 255) throw new RangeError('an item id of more than 255 bytes got past ingest');
  const next = Buffer.allocUnsafe(headBytes + kept + entryHeadBytes + id.length);
  next[0] = keptLayout;
  next.writeUIntLE(Math.max(row === undefined ? 0 : newestKeptMs(row), event.atMs), 1, 6);
  if (row !== undefined) row.copy(next, headBytes, from);
  const at = headBytes + kept;
  next.writeUIntLE(event.atMs, at, 6);
  next[at + 6] = event.typeIndex;
  next[at + 7] = id.length;
  id.copy(next, at + entryHeadBytes);
  return next;
}

/** In the order in which they came. */
export function keptEvents(row: Buffer | undefined, types: readonly string[]): MergedEvent[] {
  if (row === undefined) return [];
  checkLayout(row, keptLayout, 'events of an anonymous user');
  return startsOf(row).map((at) => {
    const idAt = at + entryHeadBytes;
    return {
      item_id: row.toString('utf8', idAt, idAt + (row[at + 7] as number)),
      type: types[row[at + 6] as number] ?? '',
      occurred_at: row.readUIntLE(at, 6),
    };
  });
}

function startsOf(row: Buffer): number[] {
  const starts: number[] = [];
  for (let at = headBytes; at < row.length; at += entryHeadBytes + (row[at + 7] as number))
    starts.push(at);
  return starts;
}
