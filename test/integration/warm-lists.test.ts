import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { acceptedOrThrow, sendCommands } from '../../cli/control/client.ts';
import { readPublished } from '../../cli/control/published.ts';
import { coldVersions } from '../../cli/control/warmth.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { experimentVersion } from '../../experiments/definition.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import { experimentOf } from '../../services/control/state.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { folding, openPipeline, type Pipeline } from '../support/pipeline.ts';

/** A new version's lists are there before an experiment may show it to anybody. */
const prefix = `warm-${randomUUID().slice(0, 8)}`;
const experiment = 'thirty-or-twenty';
const users = Array.from({ length: 300 }, (_, n) => `u${n}`);
let pipeline: Pipeline;
let asking: Asking;

const definitions = [
  { model: 'blend-thirty', kind: 'blend', retrieval: { recentItemsMax: 30, depth: 100 } },
  {
    experiment,
    context: 'home-feed',
    variants: [
      { variant: 'twenty', model: 'blend', weight: 0.5 },
      { variant: 'thirty', model: 'blend-thirty', weight: 0.5 },
    ],
    outcome: { kinds: ['purchase'] },
  },
];

async function publishItems(): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Array.from({ length: 60 }, (_, n) => {
      const item_id = `i${n}`;
      const texts = { item_id, title: item_id, categories: [], attributes: {} };
      const value = encode({ ...texts, available_from: null, available_until: null });
      return { topic, key: item_id, value };
    }),
  );
}

const send = async (command: Parameters<typeof sendCommands>[1][number]): Promise<void> => {
  const [result] = await sendCommands(pipeline.bed.config, [command]);
  if (result !== undefined) acceptedOrThrow(result);
};

async function drafted() {
  const { config } = pipeline.bed;
  const state = await readPublished(config);
  const record = experimentOf(state, experiment);
  if (record === undefined) throw new Error('nothing was drafted');
  const models = record.definition.variants.map(({ model }) => model);
  const versions = models.flatMap((model) => state.models.live.get(model) ?? []);
  const own = experimentVersion(record).version;
  return { record, thirty: models[1] ?? '', cold: () => coldVersions(config, versions, own) };
}

async function usersWithList(version: string): Promise<number> {
  const { redis } = pipeline.bed;
  const current = await readCurrent(redis, prefix, 'candidates');
  const found = new Set<string>();
  const pattern = `{??}c${current?.id4 ?? ''}${listPrefix(version)}*`;
  for await (const keys of redis.scan(pattern)) for (const key of keys) found.add(key);
  return found.size;
}

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix,
    { FRESHET_KAFKA_SESSION_TIMEOUT_MS: '6000' },
  );
  await publishItems();
  await pipeline.publish(
    users.flatMap((user_id, n) =>
      [0, 1, 2, 3].map((k) => ({ user_id, item_id: `i${(n * 7 + k * k) % 60}`, type: 'view' })),
    ),
  );
  await pipeline.run(['ingest', 'user-features', 'seen-items', 'signals', 'learning']);
  await pipeline.run(['control', 'serving']);
});

afterAll(async () => {
  await asking?.close();
  await pipeline.close();
});

test('every user of a variant is answered by its model from the first request on', async () => {
  const first = await pipeline.run(['candidates']);
  await pipeline.caughtUp([...folding, 'candidates']);
  asking = await openAsking(pipeline);
  const texts = definitions.map((one, n) => ({ name: `${n}.json`, text: JSON.stringify(one) }));
  await send({ kind: 'apply', body: { definitions: texts, dryRun: false } });
  const { thirty, cold, record } = await drafted();

  // In the middle of it the process dies.
  while ((await usersWithList(thirty)) === 0) await new Promise((resolve) => setImmediate(resolve));
  process.kill(first.pid, 'SIGKILL');
  await first.ended.catch(() => undefined);
  expect(await cold()).toContainEqual(
    expect.stringMatching(/^blend-thirty@.*, [01] of 2 partitions are done/),
  );

  await pipeline.run(['candidates']);
  while ((await cold()).length > 0) await new Promise((resolve) => setTimeout(resolve, 100));

  await send({ kind: 'experiment.start', body: { experiment } });
  const running = (await drafted()).record;
  const mirror = new Experiments();
  mirror.take(experiment, { ...experimentVersion(running), revision: 2 });
  const variantOf = (user: string) => mirror.assign('home-feed', user, Date.now())?.variant;
  const own = users.filter((user) => variantOf(user) === 'thirty');
  expect(own.length).toBeGreaterThan(100);
  expect(record.state).toBe('draft');
  expect(await usersWithList(thirty)).toBe(own.length);

  const other = users.find((user) => variantOf(user) === 'twenty') ?? '';
  for (;;) {
    const { answer } = await asking.ask({ user_id: other });
    if (answer.experiment === experiment) break;
  }
  const answers = await Promise.all(own.map((user_id) => asking.ask({ user_id })));
  const by = answers.map(({ answer }) => `${answer.variant} ${answer.answered_by}`);
  expect(new Set(by)).toEqual(new Set(['thirty personal']));
  expect(answers.every(({ answer }) => answer.model_version === thirty)).toBe(true);
});
