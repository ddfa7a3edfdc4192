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
  expect(() => decodeOpenExample(Buffer.from([2, 2, 3]))).toThrow('cut short');
  expect(() => decodeOpenExample(Buffer.from([9]))).toThrow('open-examples');
});

test('the layout is that of version 2', () => {
  const open = { profileOffset: 258, learnedTo: 1, notedAtMs: 1027, note: Buffer.from([9]) };
  const head = '02020100000000010000000000030400000000';
  // What follows is the library's: it says the same again, and is not compared byte by byte.
  expect(encodeOpenExample(open).toString('hex').slice(0, 38)).toBe(head);
});

test('a note of mostly zeros takes little, and one that was cut is refused', () => {
  const note = Buffer.alloc(15_000);
  for (let at = 0; at < note.length; at += 40) note[at] = at % 127;
  const bytes = encodeOpenExample({ profileOffset: 1, learnedTo: 1, notedAtMs: 1, note });
  expect(bytes.length).toBeLessThan(note.length / 4);
  expect(decodeOpenExample(bytes)?.note.equals(note)).toBe(true);
  expect(() => decodeOpenExample(bytes.subarray(0, 60))).toThrow('cannot be inflated');
});
