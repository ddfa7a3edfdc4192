import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { checkLayout } from './bytes.ts';

/**
 * A list that was logged for training and waits for what its user does next, as `candidates` keeps
 * it beside the list. Bytes, little-endian:
 *
 *   layout u8 | profile_offset u48 | learned_to u48 | noted_at u48 (ms) | note, in the layout of the
 *   model's kind, deflated (RFC 1951): most features of most candidates are 0
 *
 * `profile_offset`: next offset of `interactions` of the profile behind the list: what lies below
 * it was known to the list. `learned_to`: offset below which anything else that it was made of
 * (what was learned, what the user had seen) may know interactions of the user's partition.
 *
 * The layout byte alone: there is none, it was closed.
 */
export const openExamplesLayout = 2;

export interface OpenExample {
  readonly profileOffset: number;
  readonly learnedTo: number;
  /** When the list was made, by the clock of whoever made it. */
  readonly notedAtMs: number;
  readonly note: Buffer;
}

/** More than a few hundred candidates with a hundred features of a byte or two each. */
export const noteBytesMax = 256 * 1024;

export const openExampleHeadBytes = 19;

/** Begins the keys of open examples: no list's key begins so. */
export const openExampleMark = '!';

/** Key of a user's open example, beside that of the list. */
export const openExampleKey = (listPrefix: string, userId: string): string =>
  `${openExampleMark}${listPrefix}${userId}`;

export const closedExample: Buffer = Buffer.from([openExamplesLayout]);

export function encodeOpenExample(open: OpenExample): Buffer {
  const { profileOffset, learnedTo, notedAtMs, note } = open;
  const deflated = deflateRawSync(note, { level: 1 });
  const bytes = Buffer.allocUnsafe(openExampleHeadBytes + deflated.length);
  bytes[0] = openExamplesLayout;
  bytes.writeUIntLE(profileOffset, 1, 6);
  bytes.writeUIntLE(learnedTo, 7, 6);
  bytes.writeUIntLE(notedAtMs, 13, 6);
  deflated.copy(bytes, openExampleHeadBytes);
  return bytes;
}

/** What stands before the note. Null: none is open. */
export function decodeOpenExampleHead(bytes: Buffer): Omit<OpenExample, 'note'> | null {
  checkLayout(bytes, openExamplesLayout, 'open-examples');
  if (bytes.length === 1) return null;
  if (bytes.length < openExampleHeadBytes) throw new RangeError('an open example is cut short');
  return {
    profileOffset: bytes.readUIntLE(1, 6),
    learnedTo: bytes.readUIntLE(7, 6),
    notedAtMs: bytes.readUIntLE(13, 6),
  };
}

/** Null: none is open. */
export function decodeOpenExample(bytes: Buffer): OpenExample | null {
  const head = decodeOpenExampleHead(bytes);
  return head === null ? null : { ...head, note: inflated(bytes.subarray(openExampleHeadBytes)) };
}

/** Throws for bytes that were cut, and for more than a note can be. */
function inflated(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: noteBytesMax });
  } catch (error) {
    throw new RangeError('the note of an open example cannot be inflated', { cause: error });
  }
}
