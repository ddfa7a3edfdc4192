import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FakeTables } from '../../test/support/tables.ts';
import { RetryableError } from '../errors.ts';
import { type Decoder, followDecoded } from './decoded-table.ts';

const topic = 'freshet.items.v1';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Values are text; the letter they begin with stands for their schema. */
const schemas = (known: string, registry: { knows: string; away?: boolean; bug?: boolean }) => {
  const learned = new Set(known);
  const decoder: Decoder<string> = {
    prepare: async () => {
      if (registry.bug === true) throw new Error('bug');
      if (registry.away === true) throw new RetryableError('the registry is away');
      for (const schema of registry.knows) learned.add(schema);
    },
    decode: (value) =>
      learned.has(String(value)[0] ?? '')
        ? { ok: true, value: String(value) }
        : { ok: false, reason: 'unknown_schema', detail: '' },
  };
  return decoder;
};

const start = async (decoder: Decoder<string>) => {
  const tables = new FakeTables();
  const told: string[] = [];
  const onFatal = vi.fn<(error: Error) => void>();
  const table = await followDecoded<string>({
    kafka: { brokers: [], clientId: 'test' },
    topic,
    decoder,
    onValue: (key, value) => void told.push(`${key}=${value}`),
    onUnusable: ({ offset }, reason) => void told.push(`${offset} ${reason}`),
    onFatal,
    follow: tables.follow,
  });
  const give = (key: string | null, value: string | null): void =>
    tables.give(topic, key, value === null ? null : Buffer.from(value));
  return { table, tables, told, onFatal, give };
};

test('what is known is told in the very turn in which it comes, and the offset with it', async () => {
  const { table, told, give } = await start(schemas('a', { knows: '' }));
  expect(table.offsets()).toEqual([0]);
  give('x', 'a1');
  expect([told, table.offsets()]).toEqual([['x=a1'], [1]]);
  give('x', null);
  give(null, 'a2');
  expect([told, table.offsets()]).toEqual([['x=a1', 'x=null', '2 no_key'], [3]]);
});

test('a record of a new schema holds up what comes after it, until the schema is known', async () => {
  const { table, tables, told, give } = await start(schemas('a', { knows: 'b' }));
  tables.complete();
  give('x', 'b1');
  give('x', 'a2');
  expect([told, table.offsets(), table.isReady()]).toEqual([[], [0], false]);
  await table.ready;
  expect([told, table.offsets(), table.isReady()]).toEqual([['x=b1', 'x=a2'], [2], true]);
});

test('what not even the registry knows is passed over', async () => {
  const { table, tables, told, give } = await start(schemas('a', { knows: 'b' }));
  tables.complete();
  give('x', 'z1');
  give('y', 'a2');
  await table.ready;
  expect([told, table.offsets()]).toEqual([['0 unknown_schema', 'y=a2'], [2]]);
});

test('while the registry is away all wait, in order, and it says so', async () => {
  const registry = { knows: 'b', away: true };
  const { table, tables, told, give } = await start(schemas('a', registry));
  give('x', 'b1');
  give('y', 'a2');
  tables.complete();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([table.healthy(), table.isReady(), told]).toEqual(['the registry is away', false, []]);
  registry.away = false;
  await vi.advanceTimersByTimeAsync(500);
  expect([table.healthy(), table.isReady(), told]).toEqual([null, true, ['x=b1', 'y=a2']]);
});

test('while the registry is away so much waits here, and the rest on the topic', async () => {
  const registry = { knows: 'b', away: true };
  const { tables, told, give } = await start(schemas('a', registry));
  give('x', 'b1');
  for (let n = 1; n < 5_000; n += 1) give('y', 'a2');
  expect(tables.hasRoom(topic)).toBe(false);
  registry.away = false;
  await vi.advanceTimersByTimeAsync(500);
  expect([told.length, tables.hasRoom(topic)]).toEqual([5_000, true]);
});

test('nothing is told after a stop', async () => {
  const { table, tables, told, give } = await start(schemas('a', { knows: 'b' }));
  // The registry is being asked when the stop comes.
  give('x', 'b1');
  await table.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  give('y', 'a2');
  expect([told, tables.stopped]).toEqual([[], [topic]]);
});

test('what comes after a stop is passed over', async () => {
  const { table, told, give } = await start(schemas('a', { knows: '' }));
  await table.stop();
  give('y', 'a2');
  expect(told).toEqual([]);
});

test('any other error is fatal', async () => {
  const { onFatal, give } = await start(schemas('', { knows: '', bug: true }));
  give('x', 'b1');
  await vi.waitFor(() => expect(onFatal).toHaveBeenCalledOnce());
});
