import { expect, test, vi } from 'vitest';

import { silentLogger } from '../lib/telemetry/log.ts';
import { itemSchema } from '../schemas/generated/item.ts';
import { FakeRegistry, FakeTables } from '../test/support/tables.ts';
import { AttributesWhenNeeded } from './attributes-when-needed.ts';

/** Each following is complete when its own tables are. */
const start = () => {
  const begun: FakeTables[] = [];
  const said: unknown[] = [];
  const attributes = new AttributesWhenNeeded({
    config: { prefix: 'shop', kafka: { brokers: [], clientId: 'shop' } },
    clientId: 'shop.test',
    registry: new FakeRegistry(itemSchema),
    make: (names) => ({ names, take: () => undefined }),
    onTable: (table, offsets) => void said.push(table === null ? null : [table.names, offsets()]),
    log: silentLogger(),
    onFatal: (error) => void said.push(error),
    follow: async (options) => {
      const tables = new FakeTables();
      begun.push(tables);
      return tables.follow(options);
    },
  });
  const complete = async (at: number): Promise<void> => {
    await vi.waitFor(() => expect(begun.length).toBeGreaterThan(at));
    begun[at]?.complete();
    await vi.waitFor(() => expect(attributes.ready()).toBeNull());
  };
  const stopped = () => begun.map((tables) => tables.stopped.length);
  return { attributes, begun, said, complete, stopped };
};

test('nothing is read while no rule names an attribute', async () => {
  const { attributes, begun, said } = start();
  attributes.need([]);
  expect([attributes.ready(), attributes.healthy()]).toEqual([null, null]);
  await attributes.stop();
  expect([begun.length, said]).toEqual([0, []]);
});

test('what is named is there once it was read to the end, with its revision', async () => {
  const { attributes, begun, said, complete, stopped } = start();
  attributes.need(['seller', 'brand']);
  attributes.need(['brand', 'seller']);
  expect(attributes.ready()).toBe('reading items');
  await complete(0);
  expect(said).toEqual([[['brand', 'seller'], [0]]]);
  attributes.need([]);
  await attributes.stop();
  expect([begun.length, said.at(-1), stopped()]).toEqual([1, null, [1]]);
});

test('where another is named, what was known stays until all is', async () => {
  const { attributes, said, complete, stopped } = start();
  attributes.need(['brand']);
  await complete(0);
  attributes.need(['brand', 'seller']);
  await vi.waitFor(() => expect(attributes.ready()).toBe('reading items'));
  expect([said.length, stopped()[0]]).toEqual([1, 0]);
  await complete(1);
  expect(said).toEqual([
    [['brand'], [0]],
    [['brand', 'seller'], [0]],
  ]);
  await vi.waitFor(() => expect(stopped()).toEqual([1, 0]));
  await attributes.stop();
});

test('what was asked for and taken back before it was read is let go', async () => {
  const { attributes, begun, said, complete, stopped } = start();
  attributes.need(['brand']);
  await complete(0);
  attributes.need(['seller']);
  await vi.waitFor(() => expect(begun.length).toBe(2));
  attributes.need(['brand']);
  expect(attributes.ready()).toBeNull();
  begun[1]?.complete();
  await attributes.stop();
  expect([said, stopped()]).toEqual([[[['brand'], [0]]], [1, 1]]);
});
