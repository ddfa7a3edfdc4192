import { expect, test } from 'vitest';

import { decodeRecents, decodeUserFeatures, lastSeenMs, typeNumber } from './user-features.ts';

const types = ['view', 'purchase'];
const row = Buffer.from(
  (
    '02 0a000000 102700000000 09000000 0300 02 01 0000c03f ff 00000040 ' +
    '0a000000 01 02 07 03000000 6162 05000000 ff 01 01 05000000 63'
  ).replaceAll(' ', ''),
  'hex',
);

test('the bytes mean what the layout says', () => {
  expect(decodeUserFeatures(row, types)).toEqual({
    firstSeenMs: 10_000,
    lastSeenMs: 10_000,
    session: { startedAtMs: 9000, events: 3 },
    counts: [
      { type: 'purchase', weight: 1.5 },
      { type: 'other', weight: 2 },
    ],
    recents: [
      { itemId: 'ab', atMs: 10_000, type: 'purchase', visits: 7, firstAtMs: 3000 },
      { itemId: 'c', atMs: 5000, type: 'other', visits: 1, firstAtMs: 5000 },
    ],
  });
});

test('what a list is made from is the same without the rest', () => {
  const features = decodeUserFeatures(row, types);
  expect(decodeRecents(row, types)).toEqual(features.recents);
  expect(lastSeenMs(row)).toBe(features.lastSeenMs);
});

test('another layout and cut bytes are refused, not misread', () => {
  for (const decode of [decodeRecents, decodeUserFeatures]) {
    const other = Buffer.concat([Buffer.from([1]), row.subarray(1)]);
    expect(() => decode(other, types)).toThrow('layout 1');
    for (const missing of [1, 2, 7, 11])
      expect(() => decode(row.subarray(0, -missing), types)).toThrow('cut short');
  }
});

test('a type is its place in the list, or other', () => {
  expect(typeNumber(types, 'purchase')).toBe(1);
  expect(typeNumber(types, 'unheard-of')).toBe(255);
});
