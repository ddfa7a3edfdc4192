import { expect, test } from 'vitest';

import { ownSlots } from './listing.ts';

const other = 'b1 127.0.0.1:2@12 master - 0 1 2 connected 5461-10922';

test('a node counts its own slots', () => {
  const reply = `${other}\na1 127.0.0.1:1@11,name myself,master - 0 0 7 connected 0-5460 10923\n`;
  expect(ownSlots(reply)).toEqual({ line: 'a1 7 0-5460 10923', slots: 5_462, moving: false });
});

test('slots on their way in or out are seen', () => {
  for (const sign of ['[93-<-b1]', '[77->-b1]']) {
    const reply = `a1 127.0.0.1:1@11 myself,master - 0 0 7 connected 0-5460 ${sign}\n${other}\n`;
    expect(ownSlots(reply)).toMatchObject({ slots: 5_461, moving: true });
  }
});

test('a replica has none', () => {
  const reply = `a1 127.0.0.1:1@11 myself,slave b1 0 0 7 connected\n${other}\n`;
  expect(ownSlots(reply)).toMatchObject({ slots: 0, moving: false });
});
