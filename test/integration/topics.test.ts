import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import { topics } from '../../topics/all.ts';
import {
  applyTopics,
  diffTopics,
  readTopics,
  specOf,
  type TopicChange,
  type TopicOptions,
} from '../../topics/apply.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';

const options = { prefix: `topics-${randomUUID().slice(0, 8)}`, partitions: 2 };
const names = topics.map((topic) => topicName(options.prefix, topic));
const name = topicName(options.prefix, userEvents);
let admin: KafkaAdmin;

beforeAll(async () => {
  admin = await openAdmin({ brokers: inject('kafkaBrokers').split(','), clientId: 'topics-test' });
  await applyTopics(await changes(), admin);
});
afterAll(async () => {
  await admin.deleteTopics(names);
  await admin.close();
});

const changes = async (wanted: TopicOptions = options): Promise<TopicChange[]> =>
  diffTopics(topics, await readTopics(admin, names), wanted);

test('what was applied shows no difference', async () => {
  expect(await changes()).toEqual([]);
  const counts = await admin.partitionCounts(names);
  expect(counts.size).toBe(topics.length);
});

/** How long a broker may take to learn of settings from the controller. */
const settled = { timeout: 60_000, interval: 100 };

test('a setting that somebody changed is put back, and one that they added is kept', async () => {
  await admin.alterConfigs(name, {
    ...specOf(userEvents, options).configs,
    'message.timestamp.type': 'CreateTime',
    'segment.ms': '3600000',
  });
  await expect
    .poll(() => changes(), settled)
    .toMatchObject([
      {
        kind: 'alter',
        topic: name,
        differing: [{ name: 'message.timestamp.type', from: 'CreateTime', to: 'LogAppendTime' }],
      },
    ]);
  await applyTopics(await changes(), admin);
  await expect.poll(() => changes(), settled).toEqual([]);
  const configs = (await admin.describeConfigs([name])).get(name) ?? [];
  expect(configs.find((entry) => entry.name === 'segment.ms')).toEqual({
    name: 'segment.ms',
    value: '3600000',
    isDefault: false,
  });
});

test('another partition count is refused for internal topics alone', async () => {
  const kinds = (await changes({ ...options, partitions: 3 })).map(({ kind, topic }) => [
    topic,
    kind,
  ]);
  const internal = topics.filter(({ partitions }) => partitions === 'internal');
  expect(kinds).toEqual(internal.map((topic) => [topicName(options.prefix, topic), 'refuse']));
});
