import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PackedContext, type PackedSignal, SignalPackWriter } from './signals.ts';
import { readSignals } from './signals-reader.ts';

const types = ['view', 'purchase', 'like'];
const id = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const signal = fc
  .record({
    item: id,
    pairs: fc.array(fc.tuple(id, fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
  })
  .map(({ item, pairs }) => ({
    item,
    others: pairs.map(([other]) => other),
    notes: pairs.map(([, note]) => note),
  }));
const interaction = fc.record({
  step: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 45 })),
  atMs: fc.integer({ min: 0, max: 2 ** 45 }),
  clock: fc.integer({ min: 0, max: 2 ** 50 }),
  typeIndex: fc.integer({ min: 0, max: 2 }),
  first: fc.array(signal, { maxLength: 3 }),
  second: fc.array(signal, { maxLength: 4 }),
});
type Visited = { offset: number; context: PackedContext; signal: PackedSignal };

const read = (bytes: Buffer, channel: number): { fault: string | null; visited: Visited[] } => {
  const visited: Visited[] = [];
  const fault = readSignals(bytes, { channel, types }, (found, context, offset) => {
    expect(found.context).toBe(context);
    const { item, others, notes } = found;
    visited.push({ offset, context, signal: { item, others, notes } });
  });
  return { fault, visited };
};

const packed = fc.array(interaction, { maxLength: 20 }).map((interactions) => {
  const writer = new SignalPackWriter();
  const expected = new Map<number, Visited[]>([
    [1, []],
    [2, []],
    [3, []],
  ]);
  let offset = -1;
  for (const { step, atMs, clock, typeIndex, first, second } of interactions) {
    offset += step;
    writer.begin({ offset, atMs, clock, typeIndex });
    const context = { atMs, clock, type: types[typeIndex] as string };
    const groups = [
      [1, first],
      [2, second],
    ] as const;
    for (const [channel, signals] of groups)
      for (const one of signals) {
        writer.add(channel, one);
        expected.get(channel)?.push({ offset, context, signal: one });
      }
  }
  return { bound: writer.bytes, bytes: writer.finish(), expected };
});

describe('a pack of signals', () => {
  test('gives back what went in, one channel at a time', () => {
    fc.assert(
      fc.property(packed, ({ bytes, bound, expected }) => {
        expect(bytes.length).toBeLessThanOrEqual(bound);
        for (const [channel, visited] of expected)
          expect(read(bytes, channel)).toEqual({ fault: null, visited });
      }),
    );
  });

  test('never throws and never hangs on bytes that are cut off or wrong', () => {
    fc.assert(
      fc.property(packed, fc.nat(), fc.nat({ max: 255 }), ({ bytes }, where, byte) => {
        const at = where % bytes.length;
        const wrong = Buffer.from(bytes);
        wrong[at] = byte;
        for (const channel of [1, 2]) {
          expect(typeof read(wrong, channel).visited.length).toBe('number');
          expect(typeof read(bytes.subarray(0, at), channel).visited.length).toBe('number');
        }
      }),
    );
  });

  test('says what is wrong', () => {
    const writer = new SignalPackWriter();
    writer.begin({ offset: 7, atMs: 1.7e12, clock: 3, typeIndex: 1 });
    writer.add(1, { item: 'a', others: ['b'], notes: [4] });
    const bytes = writer.finish();
    expect(read(Buffer.alloc(0), 1).fault).toBe('truncated');
    expect(read(Buffer.from([9]), 1).fault).toBe('unknown layout');
    expect(read(bytes.subarray(0, -1), 1).fault).toBe('truncated');
    expect(readSignals(bytes, { channel: 1, types: ['view'] }, () => undefined)).toBe(
      'unknown event type',
    );
    const endless = Buffer.from([1, ...Array.from({ length: 12 }, () => 0xff)]);
    expect(read(endless, 1).fault).toBe('number out of range');
    const unknown = Buffer.from(bytes);
    unknown[bytes.length - 2] = 99;
    expect(read(unknown, 1).fault).toBe('unknown string');
  });

  test('looks at the length of a channel that it passes over, and of one that it reads', () => {
    const writer = new SignalPackWriter();
    writer.begin({ offset: 1, atMs: 0, clock: 0, typeIndex: 0 });
    writer.add(1, { item: 'a', others: ['b'], notes: [4] });
    writer.add(2, { item: 'a', others: [], notes: [] });
    const bytes = writer.finish();
    expect(read(bytes.subarray(0, -1), 1).fault).toBe('truncated');
    // The last group is [channel 2][u16 2][item][no others]: one byte less does not fit its signal.
    bytes[bytes.length - 4] = 1;
    expect(read(bytes.subarray(0, -1), 2).fault).not.toBeNull();
    bytes[bytes.length - 1] = 0;
    expect(read(bytes, 2).fault).toBe('a signal passes the end of its group');
  });

  test('refuses two interactions at one offset', () => {
    const writer = new SignalPackWriter();
    const writeAt = (offset: number): SignalPackWriter => {
      writer.begin({ offset, atMs: 0, clock: 0, typeIndex: 0 });
      return writer;
    };
    expect(read(writeAt(0).finish(), 1).fault).toBeNull();
    expect(read(writeAt(0).finish(), 1).fault).toBe('offsets must ascend');
  });
});
