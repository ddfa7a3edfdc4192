import { expect, test } from 'vitest';

import { decodeRecents, decodeUserFeatures, typeNumber } from './user-features.ts';

const types = ['view', 'purchase'];
const row = Buffer.from(
  `01 0a000000 102700000000 09000000 0300 02 01 0000c03f ff 00000040 0a000000 01 02 6162 05000000 ff 01 63`.replaceAll(
    ' ',
    '',
  ),
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
      { itemId: 'ab', atMs: 10_000, type: 'purchase' },
      { itemId: 'c', atMs: 5000, type: 'other' },
    ],
  });
});

test('another layout and cut bytes are refused, not misread', () => {
  expect(() => decodeRecents(Buffer.concat([Buffer.from([2]), row.subarray(1)]), types)).toThrow(
    'layout 2',
  );
  expect(() => decodeRecents(row.subarray(0, -1), types)).toThrow('cut short');
});

test('a type is its place in the list, or other', () => {
  expect(typeNumber(types, 'purchase')).toBe(1);
  expect(typeNumber(types, 'unheard-of')).toBe(255);
});
