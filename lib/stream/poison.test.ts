import { expect, test } from 'vitest';

import { failureId, PoisonMeter } from './poison.ts';

const meter = () => new PoisonMeter({ consecutiveMax: 3, inWindowMax: 5, windowRecords: 10 });
const saidAfter = (pattern: string): string | null => {
  const own = meter();
  for (const letter of pattern) own.count(letter === 'x');
  return own.full();
};
const after = (pattern: string): boolean => saidAfter(pattern) !== null;

test('it says which limit it is', () => {
  expect(saidAfter('xxx')).toBe('3 records in a row could not be used');
  expect(saidAfter('x.x.x.x.x.')).toBe('5 of the last 10 records could not be used');
});

test('a run of failures is full at its limit, and one good record begins anew', () => {
  expect(after('xx')).toBe(false);
  expect(after('xxx')).toBe(true);
  expect(after('xxx.')).toBe(false);
  expect(after('xx.xx.')).toBe(false);
});

test('half of the last records is full, but only once so many were seen', () => {
  expect(after('x.x.x.x.x')).toBe(false);
  expect(after('x.x.x.x.x.')).toBe(true);
  expect(after('x.x.x.x...')).toBe(false);
});

test('what left the window no longer counts', () => {
  expect(after('x.x.x.x.x...')).toBe(false);
  expect(after('x.x.x.x.x.x.')).toBe(true);
});

test('the same failure has the same id, whoever finds it', () => {
  const record = { topic: 't', partition: 3, offset: 42, timestampMs: 0 };
  expect(failureId('ingest', { ...record, key: null, value: null, headers: {} })).toBe(
    'ingest/t/3/42',
  );
});
