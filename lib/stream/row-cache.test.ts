import { expect, test } from 'vitest';

import { RowCache } from './row-cache.ts';
import { byteRows } from './topology.ts';

const entryBytes = 100 + 1 + 120;
const row = (): Buffer => Buffer.alloc(100);

test('the least recently touched rows go, and only when it is trimmed', () => {
  const cache = new RowCache(byteRows, 2 * entryBytes);
  for (const key of ['a', 'b', 'c']) cache.put(key, row());
  expect(cache.get('a')).toBeDefined();
  cache.put('a', row());
  cache.trim();
  expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
});

test('a row that grew is counted anew', () => {
  const cache = new RowCache(byteRows, 2 * entryBytes);
  cache.put('a', row());
  cache.put('b', row());
  cache.put('a', Buffer.alloc(101));
  cache.trim();
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')?.length).toBe(101);
});

test('without bytes nothing is kept, and a drop forgets all', () => {
  const none = new RowCache(byteRows, 0);
  none.put('a', row());
  expect(none.get('a')).toBeUndefined();
  const cache = new RowCache(byteRows, entryBytes);
  cache.put('a', row());
  cache.drop();
  cache.put('b', row());
  cache.trim();
  expect([cache.get('a'), cache.get('b')?.length]).toEqual([undefined, 100]);
});
