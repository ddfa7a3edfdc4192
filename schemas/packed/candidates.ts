import { createHash } from 'node:crypto';

import { checkLayout, idBytesMax, idScratch, readId, type StoredId, writeId } from './bytes.ts';

/**
 * A user's candidates by one model version, as `candidates` publishes them. Bytes, little-endian:
 *
 *   layout u8 | profile_offset varint | computed_at u48 (ms) | newest_at u48 (ms) | n varint |
 *   n candidates, best first: length u8, id, score u16 |
 *   where exploration was at work: m varint, m f32: propensities of the first m
 *
 * `profile_offset`: next offset of `interactions` of the profile behind the list. `newest_at`: when
 * the newest interaction of that profile occurred. Varints have 7 bits a byte, low first.
 *
 * A score is stored as a logarithm: 0 for none (0 or less), else 2 to the power (s - 32768) / 1024,
 * which keeps it within 0.04% from 2^-32 to 2^32. The order is the list's own, exact.
 *
 * 100 candidates with 10-byte ids take at most 1,320 bytes.
 */
export const candidatesLayout = 1;

export interface CandidateList {
  readonly profileOffset: number;
  readonly computedAtMs: number;
  readonly newestAtMs: number;
  /** Best first. */
  readonly candidates: readonly {
    readonly itemId: string;
    readonly score: number;
    /** Left out: exploration was not at work there. */
    readonly propensity?: number;
  }[];
}

/** More than any model's depth: 2,000 candidates of 128-byte ids are 256 KB. */
export const candidatesMax = 2_000;

/** What the keys of a model version's lists begin with, before the user: four characters. */
export const listPrefix = (modelVersion: string): string =>
  createHash('sha256').update(modelVersion).digest('base64url').slice(0, 4);

const timesBytes = 12;
const scoreBytes = 2;
const id = idScratch();

export function encodeCandidates(list: CandidateList): Buffer {
  const candidates = list.candidates.slice(0, candidatesMax);
  const head = varintBytes(list.profileOffset) + varintBytes(candidates.length);
  const idsMax = candidates.reduce((sum, { itemId }) => sum + 3 * itemId.length + 3, 0);
  const bytes = Buffer.allocUnsafe(1 + timesBytes + head + idsMax);
  bytes[0] = candidatesLayout;
  let at = writeVarint(bytes, 1, list.profileOffset);
  at = bytes.writeUIntLE(list.computedAtMs, at, 6);
  at = bytes.writeUIntLE(list.newestAtMs, at, 6);
  at = writeVarint(bytes, at, candidates.length);
  for (const { itemId, score } of candidates) {
    const length = writeId(id, itemId);
    if (length < 0) throw new RangeError(`an item id has more than ${idBytesMax} bytes`);
    bytes[at] = length;
    id.copy(bytes, at + 1, 0, length);
    at = bytes.writeUInt16LE(packScore(score), at + 1 + length);
  }
  const explored = candidates.findIndex(({ propensity }) => propensity === undefined);
  const propensities = explored < 0 ? candidates : candidates.slice(0, explored);
  return Buffer.concat([bytes.subarray(0, at), encodePropensities(propensities)]);
}

function encodePropensities(candidates: CandidateList['candidates']): Buffer {
  if (candidates.length === 0) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(varintBytes(candidates.length) + 4 * candidates.length);
  let at = writeVarint(bytes, 0, candidates.length);
  for (const { propensity } of candidates) at = bytes.writeFloatLE(propensity ?? 1, at);
  return bytes;
}

/** What stands before the candidates: enough to judge a list's age. */
export function decodeCandidatesHead(bytes: Buffer): Omit<CandidateList, 'candidates'> {
  checkLayout(bytes, candidatesLayout, 'candidates');
  const profileOffset = readVarint(bytes, 1);
  const at = 1 + varintBytes(profileOffset);
  return {
    profileOffset,
    computedAtMs: bytes.readUIntLE(at, 6),
    newestAtMs: bytes.readUIntLE(at + 6, 6),
  };
}

type StoredCandidate = CandidateList['candidates'][number];

export const decodeCandidates = (bytes: Buffer): CandidateList => ({
  ...decodeCandidatesHead(bytes),
  candidates: new StoredCandidates(bytes).all(),
});

/**
 * The candidates of stored bytes, each made when it is first asked for: an answer looks at a third
 * of a list, and to make strings of the others' ids would cost as much as all that it does.
 */
export class StoredCandidates {
  readonly length: number;
  readonly #bytes: Buffer;
  /** One text for all ids that are ASCII: a call to Buffer for each would be half of an answer. */
  #text: string | null = null;
  readonly #made: StoredCandidate[] = [];
  /** Where these lie. */
  readonly #starts: number[] = [];
  /** Where the next one to be made lies. */
  #next: number;
  /** Where the first propensity lies, and of how many places there are some. */
  readonly #propensities: { readonly at: number; readonly count: number };

  /** Bytes that are cut short anywhere are refused here. */
  constructor(bytes: Buffer) {
    const head = decodeCandidatesHead(bytes);
    const countAt = 1 + varintBytes(head.profileOffset) + timesBytes;
    const count = readVarint(bytes, countAt);
    if (count > candidatesMax) throw new RangeError(`candidates claim to be ${count}`);
    this.length = count;
    this.#bytes = bytes;
    this.#next = countAt + varintBytes(count);
    this.#propensities = propensitiesAt(bytes, endOf(bytes, this.#next, count), count);
  }

  /** Undefined: the list is not so long. */
  at(n: number): StoredCandidate | undefined {
    const until = Math.min(n + 1, this.length);
    while (this.#made.length < until) this.#made.push(this.#make(this.#made.length));
    return this.#made[n];
  }

  /** Where its id lies, of one that was asked for before. */
  idAt(n: number): StoredId | undefined {
    const start = this.#starts[n];
    if (start === undefined) return undefined;
    return { bytes: this.#bytes, at: start + 1, length: this.#bytes[start] ?? 0 };
  }

  all(): readonly StoredCandidate[] {
    this.at(this.length - 1);
    return this.#made;
  }

  #make(n: number): StoredCandidate {
    const start = this.#next;
    const end = start + 1 + (this.#bytes[start] ?? 0);
    this.#next = end + scoreBytes;
    this.#starts.push(start);
    this.#text ??= this.#bytes.toString('latin1');
    const itemId = isAscii(this.#bytes, start + 1, end)
      ? this.#text.slice(start + 1, end)
      : readId(this.#bytes, start);
    const score = unpackScore(this.#bytes.readUInt16LE(end));
    const { at, count } = this.#propensities;
    return n < count
      ? { itemId, score, propensity: this.#bytes.readFloatLE(at + 4 * n) }
      : { itemId, score };
  }
}

/** Of bytes: a letter of a text costs several times as much to look at. */
function isAscii(bytes: Buffer, start: number, end: number): boolean {
  let all = 0;
  for (let i = start; i < end; i++) all |= bytes[i] ?? 0;
  return all <= 0x7f;
}

/** Where `count` candidates end. */
function endOf(bytes: Buffer, start: number, count: number): number {
  let at = start;
  for (let n = 0; n < count; n++) at += 1 + (bytes[at] ?? 0) + scoreBytes;
  if (at > bytes.length) throw new RangeError('candidates are cut short');
  return at;
}

function propensitiesAt(bytes: Buffer, start: number, candidates: number) {
  if (start === bytes.length) return { at: start, count: 0 };
  const count = readVarint(bytes, start);
  const at = start + varintBytes(count);
  if (count > candidates) throw new RangeError(`propensities claim to be ${count}`);
  if (at + 4 * count > bytes.length) throw new RangeError('propensities are cut short');
  return { at, count };
}

const stepsPerDoubling = 1024;
const scoreOne = 32_768;

/** Not finite counts as none: a score is a figure to show, the order is already made. */
function packScore(score: number): number {
  if (!(score > 0)) return 0;
  const steps = Math.round(Math.log2(score) * stepsPerDoubling) + scoreOne;
  return Math.min(0xffff, Math.max(1, steps));
}

/** Powers of two of whole doublings, from -32, and of the steps between two of them. */
const doublings = Float64Array.from({ length: 64 }, (_, n) => 2 ** (n - 32));
const fractions = Float64Array.from(
  { length: stepsPerDoubling },
  (_, n) => 2 ** (n / stepsPerDoubling),
);

const unpackScore = (packed: number): number =>
  packed === 0 ? 0 : (doublings[packed >> 10] ?? 0) * (fractions[packed & 1023] ?? 0);

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Not with shifts: an offset may be above 2^32. */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}

function readVarint(bytes: Buffer, start: number): number {
  let value = 0;
  let scale = 1;
  for (let at = start; at < start + 8; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('candidates are cut short');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  throw new RangeError('candidates hold a number that is too long');
}
