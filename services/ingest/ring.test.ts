import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Write } from '../../lib/stream/topology.ts';
import { remember, type Ring, ringCodec } from './ring.ts';

/** What Redis would do with a write. */
function stored(before: Buffer | null, write: Write): Buffer | null {
  if ('whole' in write) return Buffer.from(write.whole);
  for (const { at, bytes } of write.patches) {
    if (before === null || at + bytes.length > before.length) throw new Error('patch beyond end');
    bytes.copy(before, at);
  }
  return before;
}

/** The same by its plain meaning: the last `idsMax` accepted ids, in a list. */
function plain(idsMax: number) {
  const ids: string[] = [];
  return (id: string): boolean => {
    if (ids.includes(id)) return false;
    ids.push(id);
    if (ids.length > idsMax) ids.shift();
    return true;
  };
}

const key = (n: number): string => `event-${n}`;

function fill(ring: Ring, from: number, to: number): void {
  for (let n = from; n < to; n += 1) expect(remember(ring, key(n))).toBe(true);
}

test('whatever ids come and however they are cut into slices, the last N accepted are known', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 24 }),
      fc.array(fc.array(fc.nat(40), { maxLength: 30 }), { maxLength: 12 }),
      fc.boolean(),
      (idsMax, slices, reread) => {
        const codec = ringCodec(idsMax);
        const expected = plain(idsMax);
        let bytes: Buffer | null = null;
        let ring = codec.empty();
        let clock = 0;
        for (const slice of slices) {
          for (const n of slice) {
            const accepted = expected(key(n));
            expect(remember(ring, key(n))).toBe(accepted);
            clock += Number(accepted);
          }
          expect(ring.clock).toBe(clock);
          bytes = stored(bytes, codec.encode(ring));
          if (reread) ring = bytes === null ? codec.empty() : codec.decode(Buffer.from(bytes));
        }
      },
    ),
  );
});

test('the first event wins until N others were accepted after it', () => {
  const ring = ringCodec(3).empty();
  fill(ring, 0, 3);
  expect(remember(ring, key(0))).toBe(false);
  fill(ring, 3, 4);
  expect(remember(ring, key(0))).toBe(true);
  expect(ring.clock).toBe(5);
});

test('a small partition is small, and growing forgets nothing', () => {
  const codec = ringCodec(5_000);
  const ring = codec.empty();
  const sizes: number[] = [];
  for (let n = 0; n < 6_000; n += 100) {
    fill(ring, n, n + 100);
    const write = codec.encode(ring);
    if ('whole' in write) sizes.push(write.whole.length);
  }
  expect(sizes).toEqual([1_024, 2_048, 4_096, 5_000].map((slots) => 16 + slots * 8));
  for (let n = 1_000; n < 6_000; n += 1) expect(remember(ring, key(n))).toBe(false);
});

test('a slice writes the head and its own slots, around the end in two runs', () => {
  const codec = ringCodec(1_024);
  const ring = codec.empty();
  fill(ring, 0, 1_020);
  codec.encode(ring);
  fill(ring, 1_020, 1_030);
  const write = codec.encode(ring);
  expect('patches' in write && write.patches.map(({ at, bytes }) => [at, bytes.length])).toEqual([
    [0, 16],
    [16 + 1_020 * 8, 4 * 8],
    [16, 6 * 8],
  ]);
});

test('a slice of nothing but duplicates writes nothing', () => {
  const codec = ringCodec(1_024);
  const ring = codec.empty();
  fill(ring, 0, 1);
  codec.encode(ring);
  remember(ring, key(0));
  expect(codec.encode(ring)).toEqual({ patches: [] });
});

test('bytes of another layout are not taken for a ring', () => {
  expect(() => ringCodec(10).decode(Buffer.alloc(16, 9))).toThrow('layout');
});
