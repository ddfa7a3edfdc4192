import { createHash } from 'node:crypto';

import { checkLayout, idBytesMax, idScratch, readId, writeId } from './bytes.ts';

/**
 * What a source outside proposes for a user, as `external` publishes it. Bytes, little-endian:
 *
 *   layout u8 | computed_at u48 (ms) | n u8 | n candidates, best first: length u8, id, score f32
 *
 * 100 candidates with 10-byte ids take 1,508 bytes.
 */
export const externalLayout = 1;
export const externalItemsMax = 200;

export interface ExternalList {
  readonly computedAtMs: number;
  /** Best first; each item once. */
  readonly items: readonly { readonly itemId: string; readonly score: number }[];
}

/** What the keys of a source's lists begin with, before the user: four characters. */
export const sourcePrefix = (source: string): string =>
  createHash('sha256').update(source).digest('base64url').slice(0, 4);

export const externalKey = (source: string, userId: string): string =>
  sourcePrefix(source) + userId;

const headBytes = 8;
const scoreMax = 3.4e38;
const id = idScratch();

/** As a 32-bit float, which keeps the order; what is beyond their range counts as their limit. */
const scoreOf = (score: number): number => Math.min(scoreMax, Math.max(-scoreMax, score));

export function encodeExternal({ computedAtMs, items }: ExternalList): Buffer {
  const kept = items.slice(0, externalItemsMax);
  const idsMax = kept.reduce((sum, { itemId }) => sum + 3 * itemId.length + 5, 0);
  const bytes = Buffer.allocUnsafe(headBytes + idsMax);
  bytes[0] = externalLayout;
  bytes.writeUIntLE(computedAtMs, 1, 6);
  bytes[7] = kept.length;
  let at = headBytes;
  for (const { itemId, score } of kept) {
    const length = writeId(id, itemId);
    if (length < 0) throw new RangeError(`an item id has more than ${idBytesMax} bytes`);
    bytes[at] = length;
    id.copy(bytes, at + 1, 0, length);
    at = bytes.writeFloatLE(scoreOf(score), at + 1 + length);
  }
  return Buffer.from(bytes.subarray(0, at));
}

export function externalComputedAtMs(bytes: Buffer): number {
  checkLayout(bytes, externalLayout, 'an external list');
  return bytes.readUIntLE(1, 6);
}

export function decodeExternal(bytes: Buffer): ExternalList {
  const computedAtMs = externalComputedAtMs(bytes);
  const items = [];
  let at = headBytes;
  for (let n = bytes[7] ?? 0; n > 0; n--) {
    const itemId = readId(bytes, at);
    at += 1 + (bytes[at] ?? 0);
    items.push({ itemId, score: bytes.readFloatLE(at) });
    at += 4;
  }
  return { computedAtMs, items };
}
