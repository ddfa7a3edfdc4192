import { expect, test } from 'vitest';

import { groupsOf, type Line } from './groups.ts';
import { stateOf } from './outcomes.ts';
import { producerOf } from './producer.ts';

const line = (more: Partial<Line>): Line => ({
  id: 'ingest/t/0/1',
  stage: 'ingest',
  reason: 'bad_magic',
  producer: 'source=shop',
  state: 'open',
  atMs: 10,
  ...more,
});

test('events are counted by stage, reason and producer, most work first', () => {
  const groups = groupsOf([
    line({ id: 'a', producer: 'schema id 7' }),
    line({ id: 'b', atMs: 5 }),
    line({ id: 'c', atMs: 20, state: 'replayed' }),
    line({ id: 'd', atMs: 15 }),
    line({ id: 'e', atMs: 99, reason: 'ancient', state: 'dropped' }),
  ]);
  expect(groups.map(({ example }) => example)).toEqual(['d', 'a', 'e']);
  expect(groups[0]).toEqual({
    stage: 'ingest',
    reason: 'bad_magic',
    producer: 'source=shop',
    counts: { open: 2, replayed: 1, accepted: 0, dropped: 0 },
    firstSeenMs: 5,
    lastSeenMs: 20,
    example: 'd',
  });
});

test('what was sent or counted is not taken back by a drop, whoever was later', () => {
  const of = (...outcomes: string[]) => stateOf(outcomes.map((outcome) => ({ outcome })));
  expect(of()).toBe('open');
  expect(of('dropped')).toBe('dropped');
  expect(of('replayed', 'dropped')).toBe('replayed');
  expect(of('dropped', 'replayed')).toBe('replayed');
  expect(of('dropped', 'accepted')).toBe('accepted');
  expect(of('something of a later release')).toBe('open');
});

test('a producer is known by a header, else by its schema, never by the key', () => {
  const value = Buffer.from([0, 0, 0, 0, 7, 2]);
  const named = (headers: Record<string, Buffer>, bytes: Buffer | null = value) =>
    producerOf({ headers, value: bytes });
  expect(named({ app: Buffer.from('till'), source: Buffer.from('shop') })).toBe('source=shop');
  expect(named({ source: Buffer.alloc(0) })).toBe('schema id 7');
  expect(named({ producer: Buffer.from([0xff]) })).toBe('producer=hex:ff');
  expect(named({ source: Buffer.from('x'.repeat(99)) })).toHaveLength('source='.length + 64);
  expect(named({}, Buffer.from('{"user_id":"ann"}'))).toBe('JSON, no schema id');
  expect(named({}, Buffer.from('user=ann'))).toBe('no schema id');
  expect(named({}, Buffer.from([0, 1]))).toBe('no schema id');
  expect(named({}, null)).toBe('no value');
});
