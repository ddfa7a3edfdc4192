import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { encoderFor } from '../lib/avro/encoder.ts';
import { RetryableError } from '../lib/errors.ts';
import type { followTable } from '../lib/kafka/table.ts';
import { silentLogger } from '../lib/telemetry/log.ts';
import { type Item, itemSchema } from '../schemas/generated/item.ts';
import { FakeRegistry, FakeTables } from '../test/support/tables.ts';
import type { ItemTaker } from './follow-items.ts';
import { ItemsWhenNeeded } from './items-when-needed.ts';

const topic = 'shop.items.v1';
const item: Item = {
  item_id: '',
  title: 'a lamp',
  categories: [],
  attributes: {},
  available_from: null,
  available_until: null,
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }));
afterEach(() => void vi.useRealTimers());

const start = (change: { away?: number; bug?: boolean } = {}) => {
  const tables = new FakeTables();
  const registry = new FakeRegistry(itemSchema);
  const encode = encoderFor<Item>(itemSchema, registry.id);
  const said: unknown[] = [];
  const faults: string[] = [];
  const asked = { times: 0 };
  const follow: typeof followTable = async (options) => {
    asked.times++;
    if (change.bug === true) throw new Error('bug');
    if (asked.times <= (change.away ?? 0)) throw new RetryableError('the broker is away');
    return tables.follow(options);
  };
  const items = new ItemsWhenNeeded<ItemTaker & { readonly ids: string[] }>({
    config: { prefix: 'shop', kafka: { brokers: [], clientId: 'shop' } },
    clientId: 'shop.test',
    registry,
    make: () => {
      const ids: string[] = [];
      return { ids, take: (id) => void ids.push(id) };
    },
    onTable: (table) => void said.push(table?.ids ?? null),
    log: silentLogger(),
    onFatal: (error) => void faults.push(error.message),
    follow,
  });
  const give = (id: string): void => tables.give(topic, id, encode({ ...item, item_id: id }));
  return { tables, items, said, faults, asked, give };
};

test('nothing is read while no model needs it', async () => {
  const { items, asked } = start();
  expect([items.ready(), items.healthy(), asked.times]).toEqual([null, null, 0]);
  items.need(false);
  await items.stop();
  expect(asked.times).toBe(0);
});

test('what is needed is there once it was read to the end, and goes when it is not', async () => {
  const { tables, items, said, asked, give } = start();
  items.need(true);
  items.need(true);
  await vi.waitFor(() => expect(asked.times).toBe(1));
  give('a');
  expect([items.ready(), said]).toEqual(['reading items', []]);
  tables.complete();
  await vi.waitFor(() => expect(items.ready()).toBeNull());
  expect(said).toEqual([['a']]);
  items.need(false);
  await items.stop();
  expect([said, tables.stopped]).toEqual([[['a'], null], [topic]]);
  items.need(true);
  await vi.waitFor(() => expect(said.length).toBe(3));
  expect(asked.times).toBe(2);
});

test('a broker that is away is waited for, and it says so', async () => {
  const { tables, items, said } = start({ away: 2 });
  tables.complete();
  items.need(true);
  await vi.waitFor(() => expect(items.ready()).toBe('the broker is away'));
  await vi.advanceTimersByTimeAsync(1_000);
  await vi.waitFor(() => expect(said).toEqual([[]]));
  expect([items.ready(), items.healthy()]).toEqual([null, null]);
});

test('what is no longer needed before it was read is let go, and never handed over', async () => {
  const { tables, items, said } = start();
  items.need(true);
  items.need(false);
  tables.complete();
  await items.stop();
  expect([said, tables.stopped]).toEqual([[], [topic]]);
});

test('nor is it where it was followed already', async () => {
  const { tables, items, said, asked } = start();
  items.need(true);
  await vi.waitFor(() => expect([asked.times, items.ready()]).toEqual([1, 'reading items']));
  await new Promise(setImmediate);
  items.need(false);
  tables.complete();
  await items.stop();
  expect([said, tables.stopped]).toEqual([[], [topic]]);
});

test('a fault of another kind ends the process', async () => {
  const { items, faults } = start({ bug: true });
  items.need(true);
  await vi.waitFor(() => expect(faults).toEqual(['bug']));
  await items.stop();
});
