import { expect, test } from 'vitest';

import { encoderFor } from '../lib/avro/encoder.ts';
import { silentLogger } from '../lib/telemetry/log.ts';
import { type Item, itemSchema } from '../schemas/generated/item.ts';
import { FakeRegistry, FakeTables } from '../test/support/tables.ts';
import { followItems } from './follow-items.ts';

test('items, withdrawals and their times go to the table; what cannot be read is said', async () => {
  const tables = new FakeTables();
  const registry = new FakeRegistry(itemSchema);
  const encode = encoderFor<Item>(itemSchema, registry.id);
  const said: unknown[] = [];
  const table = await followItems({
    config: { prefix: 'shop', kafka: { brokers: [], clientId: 'shop' } },
    clientId: 'shop.test',
    registry,
    items: { take: (id, item, atMs) => void said.push([id, item?.title ?? null, atMs]) },
    onRefused: (reason) => void said.push(reason),
    log: silentLogger(),
    onFatal: (error) => void said.push(error.message),
    follow: tables.follow,
  });
  const lamp: Item = {
    item_id: 'i',
    title: 'a lamp',
    categories: [],
    attributes: {},
    available_from: null,
    available_until: null,
  };
  const topic = 'shop.items.v1';
  // The first waits until the registry has said what its schema is.
  tables.give(topic, 'i', encode(lamp));
  tables.complete();
  await table.ready;
  tables.give(topic, 'i', null);
  tables.give(topic, 'j', Buffer.from('no Avro'));
  expect(said).toEqual([['i', 'a lamp', 0], ['i', null, 0], 'bad_magic']);
  expect(table.offsets()).toEqual([3]);
});
