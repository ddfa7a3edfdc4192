import { createHash } from 'node:crypto';

import { checkLayout, idBytesMax, idScratch, readId, writeId } from './bytes.ts';

/**
 * What sources outside propose for a user, as `external` publishes it: one row per user, since who
 * is to be forgotten is not known by source. Bytes, little-endian:
 *
 *   layout u8 | per source, the one computed last first: source (4 characters), length u16, list
 *
 * and a list: computed_at u48 (ms) | n u8 | n candidates, best first: length u8, id, score f32
 *
 * 100 candidates with 10-byte ids take 1,514 bytes.
 */
export const externalLayout = 2;
export const externalItemsMax = 200;

export interface ExternalList {
  readonly computedAtMs: number;
  /** Best first; each item once. */
  readonly items: readonly { readonly itemId: string; readonly score: number }[];
}

/** How a source is named in rows. */
export const sourceMark = (source: string): string =>
  createHash('sha256').update(source).digest('base64url').slice(0, markBytes);

const markBytes = 4;
const rowHeadBytes = 1;
const partHeadBytes = markBytes + 2;
const listHeadBytes = 7;
const scoreMax = 3.4e38;
const id = idScratch();

/** As a 32-bit float, which keeps the order; what is beyond their range counts as their limit. */
const scoreOf = (score: number): number => Math.min(scoreMax, Math.max(-scoreMax, score));

/** A list of one source, as it lies in its user's row. */
export interface StoredPart {
  readonly mark: string;
  readonly list: Buffer;
}

export function encodeList({ computedAtMs, items }: ExternalList): Buffer {
  const kept = items.slice(0, externalItemsMax);
  const idsMax = kept.reduce((sum, { itemId }) => sum + 3 * itemId.length + 5, 0);
  const bytes = Buffer.allocUnsafe(listHeadBytes + idsMax);
  bytes.writeUIntLE(computedAtMs, 0, 6);
  bytes[6] = kept.length;
  let at = listHeadBytes;
  for (const { itemId, score } of kept) {
    const length = writeId(id, itemId);
    if (length < 0) throw new RangeError(`an item id has more than ${idBytesMax} bytes`);
    bytes[at] = length;
    id.copy(bytes, at + 1, 0, length);
    at = bytes.writeFloatLE(scoreOf(score), at + 1 + length);
  }
  return Buffer.from(bytes.subarray(0, at));
}

export const computedAtMsOf = ({ list }: StoredPart): number => list.readUIntLE(0, 6);

export function decodeList(list: Buffer): ExternalList {
  const items = [];
  let at = listHeadBytes;
  for (let n = list[6] ?? 0; n > 0; n--) {
    const itemId = readId(list, at);
    at += 1 + (list[at] ?? 0);
    items.push({ itemId, score: list.readFloatLE(at) });
    at += 4;
  }
  return { computedAtMs: list.readUIntLE(0, 6), items };
}

export function encodeParts(parts: readonly StoredPart[]): Buffer {
  const heads = parts.map(({ mark, list }) => {
    const head = Buffer.alloc(partHeadBytes);
    head.write(mark, 'latin1');
    head.writeUInt16LE(list.length, markBytes);
    return head;
  });
  const bytes = parts.flatMap(({ list }, at) => [heads[at] ?? Buffer.alloc(0), list]);
  return Buffer.concat([Buffer.from([externalLayout]), ...bytes]);
}

/** The one computed last first. */
export function decodeParts(row: Buffer): StoredPart[] {
  checkLayout(row, externalLayout, 'external lists');
  const parts: StoredPart[] = [];
  for (let at = rowHeadBytes; at < row.length; ) {
    const end = at + partHeadBytes + row.readUInt16LE(at + markBytes);
    if (end > row.length) throw new RangeError('packed value is cut short');
    const mark = row.toString('latin1', at, at + markBytes);
    parts.push({ mark, list: row.subarray(at + partHeadBytes, end) });
    at = end;
  }
  return parts;
}

/** When the newest of a user's lists was computed. */
export function externalComputedAtMs(row: Buffer): number {
  const [newest] = decodeParts(row);
  return newest === undefined ? 0 : computedAtMsOf(newest);
}

/** Null: the source has proposed nothing for the user. */
export function listOfSource(row: Buffer, source: string): ExternalList | null {
  const mark = sourceMark(source);
  const part = decodeParts(row).find((one) => one.mark === mark);
  return part === undefined ? null : decodeList(part.list);
}
