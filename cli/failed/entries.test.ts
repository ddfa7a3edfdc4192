import { expect, test } from 'vitest';

import { bounded, choose, type Entry, fullId, type Selection, shortId } from './entries.ts';
import { states } from './outcomes.ts';

const entry = (offset: number, more: Partial<Entry> = {}): Entry => ({
  id: `ingest/t/0/${offset}`,
  stage: 'ingest',
  reason: 'bad_magic',
  producer: 'source=shop',
  state: 'open',
  atMs: offset,
  topic: 't',
  partition: 0,
  offset,
  bytes: 10,
  replayOf: null,
  ...more,
});
const all = [
  entry(1),
  entry(2, { reason: 'ancient' }),
  entry(3, { stage: 'external' }),
  entry(4, { producer: 'schema id 7', state: 'dropped' }),
];
const chosen = (selection: Partial<Selection>): number[] =>
  choose(all, { ids: [], states, ...selection }).map(({ offset }) => offset);

test('events are chosen by everything that was said', () => {
  expect(chosen({})).toEqual([1, 2, 3, 4]);
  expect(chosen({ states: ['open'] })).toEqual([1, 2, 3]);
  expect(chosen({ reason: 'bad_magic', stage: 'ingest' })).toEqual([1, 4]);
  expect(chosen({ producer: 'schema id 7' })).toEqual([4]);
  expect(chosen({ sinceMs: 3 })).toEqual([3, 4]);
  expect(chosen({ ids: ['ingest/t/0/2', 'ingest/t/0/4'], states: ['open'] })).toEqual([2]);
});

test('an id that is not there is a mistake, not nothing', () => {
  expect(() => chosen({ ids: ['ingest/t/0/1', 'ingest/t/0/9'] })).toThrow("'ingest/t/0/9'");
});

test('so many events and bytes at once, and one at least', () => {
  const of = (eventsMax: number, bytesMax: number): number =>
    bounded(all, { eventsMax, bytesMax }).length;
  expect(of(3, 1_000)).toBe(3);
  expect(of(9, 1_000)).toBe(4);
  expect(of(9, 25)).toBe(2);
  expect(of(9, 1)).toBe(1);
});

test('an id may name its topic shortly', () => {
  expect(fullId('ingest/user-events/0/42', 'shop')).toBe('ingest/shop.user-events.v1/0/42');
  expect(shortId('ingest/shop.user-events.v1/0/42', 'shop')).toBe('ingest/user-events/0/42');
  expect(shortId('ingest/other.v1/0/42', 'shop')).toBe('ingest/other.v1/0/42');
  expect(fullId('ingest/shop.user-events.v1/0/42', 'shop')).toBe('ingest/shop.user-events.v1/0/42');
});
