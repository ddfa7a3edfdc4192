import { expect, test, vi } from 'vitest';

import { encoderFor } from '../lib/avro/encoder.ts';
import { silentLogger } from '../lib/telemetry/log.ts';
import { type Definition, definitionSchema } from '../schemas/generated/definition.ts';
import { FakeRegistry, FakeTables } from '../test/support/tables.ts';
import { type DefinitionTaker, followDefinitions } from './follow-definitions.ts';

const models = 'shop.models.v1';
const contexts = 'shop.contexts.v1';

const start = async (change: { refuses?: string } = {}) => {
  const tables = new FakeTables();
  tables.refuses = change.refuses ?? null;
  const registry = new FakeRegistry(definitionSchema);
  const encode = encoderFor<Definition>(definitionSchema, registry.id);
  const taken: string[] = [];
  const said: string[] = [];
  const take =
    (what: string): DefinitionTaker['takeModel'] =>
    (key, record) => {
      taken.push(`${what} ${key} ${record?.revision ?? 'withdrawn'}`);
      if (record?.content === 'bad') return { kind: 'unusable', faults: ['bad'] };
      return { kind: record?.revision === 1 ? 'outdated' : 'changed' };
    };
  const following = followDefinitions({
    config: { prefix: 'shop', kafka: { brokers: [], clientId: 'shop' } },
    clientId: 'shop.test',
    registry,
    catalogue: { takeModel: take('model'), takeContext: take('context') },
    onChange: () => void said.push(`changed after ${taken.length}`),
    onRefused: ({ thing }, reason) => void said.push(`${thing} ${reason}`),
    log: silentLogger(),
    onFatal: (error) => void said.push(error.message),
    follow: tables.follow,
  });
  const give = (topic: string, key: string | null, revision: number, content = '{}'): void =>
    tables.give(topic, key, encode({ name: 'n', version: 'n@0', revision, content }));
  return { tables, registry, taken, said, following, give };
};

test('each topic goes to its part of the catalogue', async () => {
  const { tables, taken, following, give } = await start();
  const definitions = await following;
  give(contexts, 'home', 2);
  give(models, 'm@1', 3);
  tables.give(models, 'm@1', null);
  tables.complete();
  await vi.waitFor(() => expect(definitions.isReady()).toBe(true));
  expect(taken.toSorted()).toEqual(['context home 2', 'model m@1 3', 'model m@1 withdrawn']);
});

test('a change is told once all is known, then with every change and nothing else', async () => {
  const { tables, said, following, give } = await start();
  const definitions = await following;
  give(models, 'm@1', 2);
  give(contexts, 'home', 2);
  expect([definitions.isReady(), definitions.reading()]).toEqual([false, ['models', 'contexts']]);
  tables.complete();
  await vi.waitFor(() => expect(said).toEqual(['changed after 2']));
  expect([definitions.isReady(), definitions.reading()]).toEqual([true, []]);
  give(models, 'm@1', 1);
  give(contexts, 'home', 3);
  expect(said).toEqual(['changed after 2', 'changed after 4']);
});

test('nothing stands on the topics: that too is known', async () => {
  const { tables, said, following } = await start();
  await following;
  tables.complete();
  await vi.waitFor(() => expect(said).toEqual(['changed after 0']));
});

test('what cannot be used is left out and said', async () => {
  const { tables, said, following, give } = await start();
  await following;
  give(models, 'm@1', 2, 'bad');
  tables.complete();
  await vi.waitFor(() => expect(said).toEqual(['models unusable', 'changed after 1']));
  give(contexts, null, 2);
  tables.give(contexts, 'home', Buffer.from('no Avro'));
  expect(said.slice(2)).toEqual(['contexts no_key', 'contexts bad_magic']);
});

test('while the registry is away nothing is taken and it says so', async () => {
  const { tables, registry, taken, following, give } = await start();
  registry.away = true;
  const definitions = await following;
  give(models, 'm@1', 2);
  tables.complete();
  await vi.waitFor(() => expect(definitions.healthy()).toBe('the registry is away'));
  expect([taken, definitions.isReady(), definitions.reading()]).toEqual([[], false, ['models']]);
  await definitions.stop();
});

test('after a stop no change is told', async () => {
  const { tables, said, following } = await start();
  const definitions = await following;
  await definitions.stop();
  tables.complete();
  await new Promise(setImmediate);
  expect([said, tables.stopped.toSorted()]).toEqual([[], [contexts, models]]);
});

test('where one topic cannot be followed the other is let go', async () => {
  const { tables, following } = await start({ refuses: contexts });
  await expect(following).rejects.toThrow('no such topic');
  expect(tables.stopped).toEqual([models]);
});
