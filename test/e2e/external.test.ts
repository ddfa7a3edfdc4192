import { afterAll, beforeAll, expect, test } from 'vitest';

import { openEncoder } from '../../lib/avro/encoder.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { applyAll, contextOf, publishItems, testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

/** Lists of another process, and the shelf's other configurations, through the real services. */
const prefix = 'external-e2e';
let pipeline: Pipeline;
let asking: Asking;

const definitions: readonly object[] = [
  { model: 'nightly', kind: 'external', retrieval: { source: 'nightly' } },
  { model: 'latest', kind: 'trending', learning: { by: 'first-seen' } },
  { model: 'this-week', kind: 'trending', learning: { windowHours: 168 } },
  { model: 'basket', kind: 'co-visits', learning: { within: 'session' } },
  { model: 'near', kind: 'factors', learning: { dimensions: 256 } },
  ...['nightly', 'latest', 'this-week', 'basket', 'near'].map((name) =>
    contextOf(`c-${name}`, name),
  ),
];

async function propose(...lists: readonly Partial<ExternalCandidates>[]): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, externalCandidates);
  const encode = await openEncoder<ExternalCandidates>(
    registry,
    `${topic}-value`,
    externalCandidatesSchema,
  );
  await pipeline.publishRaw(
    lists.map((list) => {
      const whole = {
        source: 'nightly',
        user_id: 'ann',
        items: [],
        computed_at: 1_000,
        forgotten: null,
        ...list,
      };
      return { topic, key: whole.user_id, value: encode(whole) };
    }),
  );
  await pipeline.caughtUp(['external']);
}
const scored = (...ids: readonly string[]) =>
  ids.map((item_id, at) => ({ item_id, score: ids.length - at }));

async function visits(...events: readonly { user_id: string; item_id: string }[]): Promise<void> {
  await pipeline.publish(events);
  await pipeline.caughtUp(['ingest', 'user-features', 'signals']);
  await pipeline.caughtUp(['candidates']);
}

const ask = async (user_id: string, context_id: string) =>
  (await asking.ask({ user_id, context_id, session: [] })).answer.items.map((one) => one.item_id);

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix);
  await applyAll(pipeline, definitions);
  await publishItems(pipeline, { cup: {}, pot: {}, tea: {}, jar: {} });
  await pipeline.run(['--all']);
  asking = await openAsking(pipeline);
});

afterAll(async () => {
  await asking.close();
  await pipeline.close();
});

test('a list of another process is served, whatever else that sends', async () => {
  const { config } = pipeline.bed;
  const topic = topicName(config.prefix, externalCandidates);
  await pipeline.publishRaw([
    { topic, partition: 0, key: 'x', value: Buffer.from('poison') },
    {
      topic,
      partition: (partitionOf('ann', config.partitions) + 1) % config.partitions,
      key: 'ann',
      value: Buffer.alloc(3),
    },
  ]);
  await propose(
    { items: scored('jar', 'unheard-of', 'pot', 'jar'), computed_at: 2_000 },
    { items: scored('cup'), computed_at: 1_500 },
    { source: 'somebody-else', items: scored('tea') },
    { user_id: 'bob', items: [] },
    { user_id: 'eve', items: [{ item_id: '', score: 1 }] },
  );
  await visits(...['ann', 'bob', 'eve'].map((user_id) => ({ user_id, item_id: 'tea' })));
  expect(await ask('ann', 'c-nightly')).toEqual(['jar', 'pot']);
  expect(await ask('bob', 'c-nightly')).toEqual([]);
  expect(await ask('eve', 'c-nightly')).toEqual([]);
  await propose({ items: scored('cup'), computed_at: 3_000 });
  await visits({ user_id: 'ann', item_id: 'tea' });
  expect(await ask('ann', 'c-nightly')).toEqual(['cup']);
});

test('what is new, in the window, of one basket and near is learned and served', async () => {
  const baskets = ['u1', 'u2', 'u3', 'u4'].flatMap((user_id) =>
    ['cup', 'pot', 'jar'].map((item_id) => ({ user_id, item_id })),
  );
  await visits(...baskets);
  const learned = async (of: string, user: string, wanted: readonly string[]): Promise<void> => {
    let found: string[] = [];
    // Lists are made of what was learned until then: the user's next event makes another.
    while (!wanted.every((id) => found.includes(id))) {
      await visits({ user_id: user, item_id: 'cup' });
      found = await ask(user, of);
    }
  };
  await learned('c-latest', 'u1', ['cup', 'pot', 'jar', 'tea']);
  await learned('c-this-week', 'u1', ['cup', 'pot', 'jar', 'tea']);
  await learned('c-basket', 'u2', ['pot', 'jar']);
  await learned('c-near', 'u3', ['pot']);
});

test('verify folds all of it again without a difference', async () => {
  await pipeline.caughtUp(['ingest', 'user-features', 'seen-items', 'signals', 'external']);
  const report = await pipeline.verify();
  expect(report.services.flatMap(({ examples }) => examples)).toEqual([]);
  expect(report.differences).toBe(0);
  const external = report.services.find(({ service }) => service === 'external');
  expect(external).toMatchObject({ records: 8, failures: 3 });
  const names = report.services.map(({ service }) => service);
  expect(names.filter((name) => name.startsWith('learning:factors'))).toHaveLength(1);
});
