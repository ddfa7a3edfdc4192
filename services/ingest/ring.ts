/**
 * The last accepted event ids of a partition, as 8-byte hashes in a ring, and the count of all
 * events ever accepted, which is the partition's event clock.
 *
 * Stored: 16 bytes of head (layout, the clock as a double), then the slots of 8 bytes. The event
 * with clock c lies in slot (c - 1) % slots. Below `idsMax` slots the ring doubles instead of
 * turning over, so that a small partition is small; then it is stored whole. Otherwise only the
 * head and the new slots are written.
 *
 * In memory an open-addressing index over two Uint32Arrays finds a hash; it is built when the ring
 * is read, and is at most half full.
 */
import { hash } from 'node:crypto';
import type { RowCodec } from '../../lib/stream/topology.ts';

export const ringLayout = 1;

const headBytes = 16;
const slotBytes = 8;
const slotsMin = 1_024;

/** The hashes that are in the ring. (0, 0) marks a free place, so no hash is that. */
interface Index {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly mask: number;
}

export interface Ring {
  readonly idsMax: number;
  /** Events accepted so far. */
  clock: number;
  /** Head and slots, as stored. */
  bytes: Buffer;
  index: Index;
  /** What Redis holds: its length, and up to which clock; less than `bytes` is to be written. */
  storedBytes: number;
  storedClock: number;
}

const slotsOf = (ring: Ring): number => (ring.bytes.length - headBytes) / slotBytes;

const slotAt = (ring: Ring, clock: number): number =>
  headBytes + ((clock - 1) % slotsOf(ring)) * slotBytes;

function emptyIndex(slots: number): Index {
  // The next power of two at or above twice the slots; never none, or a search would not end.
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, slots) * 2));
  return { low: new Uint32Array(size), high: new Uint32Array(size), mask: size - 1 };
}

/** The place of a hash, or the free place where it would go. */
function placeOf({ low, high, mask }: Index, a: number, b: number): number {
  let at = a & mask;
  while ((low[at] !== 0 || high[at] !== 0) && (low[at] !== a || high[at] !== b)) {
    at = (at + 1) & mask;
  }
  return at;
}

function put(index: Index, a: number, b: number): void {
  const at = placeOf(index, a, b);
  index.low[at] = a;
  index.high[at] = b;
}

/** Takes a hash out and closes the gap, so that those behind it are still found. */
function takeOut(index: Index, a: number, b: number): void {
  const { low, high, mask } = index;
  let gap = placeOf(index, a, b);
  for (let at = (gap + 1) & mask; low[at] !== 0 || high[at] !== 0; at = (at + 1) & mask) {
    const home = (low[at] ?? 0) & mask;
    // An entry may move to the gap unless its home lies behind the gap.
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    low[gap] = low[at] ?? 0;
    high[gap] = high[at] ?? 0;
    gap = at;
  }
  low[gap] = 0;
  high[gap] = 0;
}

function indexOf(ring: Ring): Index {
  const { bytes } = ring;
  const index = emptyIndex(slotsOf(ring));
  const held = Math.min(ring.clock, slotsOf(ring));
  for (let slot = 0; slot < held; slot += 1) {
    const at = headBytes + slot * slotBytes;
    put(index, bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  }
  return index;
}

function blank(slots: number): Buffer {
  const bytes = Buffer.alloc(headBytes + slots * slotBytes);
  bytes.writeUInt32LE(ringLayout, 0);
  return bytes;
}

function grow(ring: Ring): void {
  const slots = Math.min(ring.idsMax, Math.max(slotsMin, slotsOf(ring) * 2));
  const grown = blank(slots);
  ring.bytes.copy(grown);
  grown.writeUInt32LE(ringLayout, 0);
  ring.bytes = grown;
  ring.index = indexOf(ring);
}

/**
 * Remembers an event's id and counts it. False when it is among the last ids: then nothing
 * changes.
 */
export function remember(ring: Ring, eventId: string): boolean {
  const digest = hash('sha256', eventId, 'hex');
  const a = Number.parseInt(digest.slice(0, 8), 16);
  // (0, 0) means free: the one id in 2^64 that hashes to it is taken for its neighbour.
  const b = Number.parseInt(digest.slice(8, 16), 16) || Number(a === 0);
  const place = placeOf(ring.index, a, b);
  if (ring.index.low[place] === a && ring.index.high[place] === b) return false;
  if (ring.clock >= slotsOf(ring) && slotsOf(ring) < ring.idsMax) grow(ring);
  ring.clock += 1;
  const at = slotAt(ring, ring.clock);
  const { bytes, index } = ring;
  if (ring.clock > slotsOf(ring)) {
    takeOut(index, bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  }
  bytes.writeUInt32LE(a, at);
  bytes.writeUInt32LE(b, at + 4);
  bytes.writeDoubleLE(ring.clock, 8);
  put(index, a, b);
  return true;
}

/** The slots that were filled since the last write, as one run of bytes, or two around the end. */
function freshRuns(ring: Ring): { at: number; bytes: Buffer }[] {
  const { bytes } = ring;
  const count = Math.min(ring.clock - ring.storedClock, slotsOf(ring));
  const from = slotAt(ring, ring.clock - count + 1);
  const to = slotAt(ring, ring.clock) + slotBytes;
  if (from < to) return [{ at: from, bytes: bytes.subarray(from, to) }];
  return [
    { at: from, bytes: bytes.subarray(from) },
    { at: headBytes, bytes: bytes.subarray(headBytes, to) },
  ];
}

export interface RingCodec extends RowCodec<Ring> {
  empty(): Ring;
}

/** `idsMax`: how many ids are remembered per partition; part of the fold's identity. */
export function ringCodec(idsMax: number): RingCodec {
  const open = (bytes: Buffer, stored: number): Ring => {
    const clock = bytes.readDoubleLE(8);
    const ring: Ring = {
      idsMax,
      clock,
      bytes,
      index: emptyIndex(1),
      storedBytes: stored,
      storedClock: clock,
    };
    ring.index = indexOf(ring);
    return ring;
  };
  return {
    empty: () => open(blank(0), 0),
    decode: (bytes) => {
      if (bytes.length < headBytes || bytes.readUInt32LE(0) !== ringLayout) {
        throw new Error(`a stored ring of event ids is not of layout ${ringLayout}`);
      }
      return open(bytes, bytes.length);
    },
    encode: (ring) => {
      const { bytes, storedBytes, storedClock } = ring;
      if (ring.clock === storedClock) return { patches: [] };
      const runs = freshRuns(ring);
      ring.storedBytes = bytes.length;
      ring.storedClock = ring.clock;
      if (storedBytes !== bytes.length) return { whole: bytes };
      return { patches: [{ at: 0, bytes: bytes.subarray(0, headBytes) }, ...runs] };
    },
    bytes: (ring) => ring.bytes.length,
  };
}
