import { expect, test } from 'vitest';

import { closedExample, decodeOpenExample, encodeOpenExample } from './open-examples.ts';

test('an open example is read as it was written', () => {
  for (const offset of [0, 1, 2 ** 40]) {
    const open = {
      profileOffset: offset,
      learnedTo: offset + 7,
      notedAtMs: 2 * offset,
      note: Buffer.from('features'),
    };
    expect(decodeOpenExample(encodeOpenExample(open))).toEqual(open);
  }
  const empty = { profileOffset: 3, learnedTo: 0, notedAtMs: 5, note: Buffer.alloc(0) };
  expect(decodeOpenExample(encodeOpenExample(empty))).toEqual(empty);
});

test('a closed one is none, and what is no example is refused', () => {
  expect(decodeOpenExample(closedExample)).toBeNull();
  expect(() => decodeOpenExample(Buffer.from([1, 2, 3]))).toThrow('cut short');
  expect(() => decodeOpenExample(Buffer.from([9]))).toThrow('open-examples');
});

test('the layout is that of version 1', () => {
  const open = { profileOffset: 258, learnedTo: 1, notedAtMs: 1027, note: Buffer.from([9]) };
  expect(encodeOpenExample(open).toString('hex')).toBe('0102010000000001000000000003040000000009');
});
