import { expect, test, vi } from 'vitest';

import { draftOf, experimentVersion, parseExperiment } from '../../experiments/definition.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { silentLogger } from '../../lib/telemetry/log.ts';
import {
  contextVersion,
  modelVersion,
  parseContext,
  parseModel,
} from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { FakeRegistry, FakeTables } from '../../test/support/tables.ts';
import { followPersonalModels } from './definitions.ts';

const models = 'shop.models.v1';
const contexts = 'shop.contexts.v1';
const experiments = 'shop.experiments.v1';
const items = 'shop.items.v1';
const config = {
  prefix: 'shop',
  types: ['view', 'purchase'],
  kafka: { brokers: [], clientId: 'shop' },
};

const start = async (held: Promise<void> = Promise.resolve()) => {
  const tables = new FakeTables();
  const followed: string[] = [];
  const follow: FakeTables['follow'] = async (options) => {
    followed.push(...options.topics);
    if (options.topics.includes(items)) await held;
    return tables.follow(options);
  };
  const registry = new FakeRegistry(definitionSchema);
  const onFatal = (error: Error): void => {
    throw error;
  };
  const context = { config, log: silentLogger(), onFatal };
  const definitions = await followPersonalModels(context, registry, follow);
  const versions = (): string[] => definitions.personal().map(({ version }) => version);
  return { tables, registry, definitions, versions, followed };
};

function published(kind = 'co-visits', revision = 1) {
  const encode = encoderFor<Definition>(definitionSchema, 7);
  const model = parseModel(JSON.stringify({ model: kind, kind }), kinds);
  if (!model.ok) throw new Error(model.faults.join());
  const { name, version, content } = modelVersion(model.value);
  const ladder = [{ step: 'personal', model: version }];
  const context = parseContext(JSON.stringify({ context: 'home', size: 10, ladder }));
  if (!context.ok) throw new Error(context.faults.join());
  return {
    version,
    model: encode({ name, version, revision: 1, content }),
    context: encode({ ...contextVersion(context.value), revision }),
  };
}

const draftNaming = (version: string) => {
  const experiment = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home',
      mode: 'aa',
      variants: ['a', 'b'].map((variant) => ({ variant, model: version, weight: 0.5 })),
      outcome: { kinds: ['purchase'] },
    }),
  );
  if (!experiment.ok) throw new Error(experiment.faults.join());
  return experimentVersion(draftOf(experiment.value));
};

test('a model is in use once a context names it, whichever comes first', async () => {
  const { version, model, context } = published();
  const { tables, definitions, versions } = await start();
  expect(definitions.ready()).toBe('candidates: reading definitions');
  tables.give(contexts, 'home', context);
  tables.complete();
  await vi.waitFor(() => expect(definitions.ready()).toBeNull());
  expect(versions()).toEqual([]);
  tables.give(models, version, model);
  await vi.waitFor(() => expect(versions()).toEqual([version]));
  tables.give(contexts, 'home', null);
  expect(versions()).toEqual([]);
});

test('a model that only a draft of an experiment names is in use, until that is gone', async () => {
  const { version, model } = published();
  const { tables, definitions, versions } = await start();
  tables.give(models, version, model);
  tables.complete();
  await vi.waitFor(() => expect(definitions.ready()).toBeNull());
  expect(versions()).toEqual([]);
  const encode = encoderFor<Definition>(definitionSchema, 7);
  tables.give(experiments, 'nearer', encode({ ...draftNaming(version), revision: 1 }));
  await vi.waitFor(() => expect(versions()).toEqual([version]));
  tables.give(experiments, 'nearer', null);
  expect(versions()).toEqual([]);
});

test('items are read once a model in use needs them, and let go after it', async () => {
  const held = Promise.withResolvers<void>();
  const { tables, definitions, followed } = await start(held.promise);
  const plain = published();
  tables.give(models, plain.version, plain.model);
  tables.give(contexts, 'home', plain.context);
  tables.complete();
  await vi.waitFor(() => expect(definitions.ready()).toBeNull());
  expect([definitions.items(), followed.includes(items)]).toEqual([null, false]);
  const { version, model, context } = published('content', 2);
  tables.give(models, version, model);
  expect(definitions.ready()).toBeNull();
  tables.give(contexts, 'home', context);
  expect([definitions.ready(), definitions.items()]).toEqual(['reading items', null]);
  held.resolve();
  await vi.waitFor(() => expect(definitions.ready()).toBeNull());
  expect(definitions.items()?.terms).not.toBeNull();
  tables.give(contexts, 'home', published('co-visits', 3).context);
  expect(definitions.items()).toBeNull();
  await definitions.stop();
  expect(tables.stopped).toContain(items);
});

test('while the registry is away records wait, and it says so', async () => {
  const { version, model, context } = published();
  const { tables, registry, definitions, versions } = await start();
  registry.away = true;
  tables.give(models, version, model);
  tables.give(contexts, 'home', context);
  tables.complete();
  await vi.waitFor(() => expect(definitions.ready()).toBe('the registry is away'));
  expect(versions()).toEqual([]);
  registry.away = false;
  await vi.waitFor(() => expect(versions()).toEqual([version]), { timeout: 5_000 });
  expect(definitions.ready()).toBeNull();
});
