import type { Admin } from 'kafkajs';

import { monotonicMs } from '../clock.ts';
import { within } from '../deadline.ts';
import { kafkaClient, type KafkaConfig } from './client.ts';
import { kafkaFault } from './faults.ts';
import { kafkajs } from './kafkajs.ts';

export interface PartitionOffsets {
  readonly partition: number;
  /** First offset that is still there. */
  readonly low: number;
  /** The offset that the next record will get. */
  readonly high: number;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** `isDefault`: nobody set it on the topic itself. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

export interface KafkaAdmin {
  topicOffsets(topic: string): Promise<PartitionOffsets[]>;
  /** Per partition, the first offset that was appended at that time or later; else the end. */
  offsetsAt(topic: string, timestampMs: number): Promise<number[]>;
  /** Committed offset per partition of `topic`; -1 where the group has none. */
  groupOffsets(groupId: string, topic: string): Promise<Map<number, number>>;
  /** How many members each group has now; those that are unknown have none. */
  groupMembers(groupIds: readonly string[]): Promise<Map<string, number>>;
  /** Topics that exist, with their number of partitions. */
  partitionCounts(topics: readonly string[]): Promise<Map<string, number>>;
  clusterId(): Promise<string>;
  brokerCount(): Promise<number>;
  /** With as many copies as there are brokers, at most three. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  describeConfigs(topics: readonly string[]): Promise<Map<string, ConfigEntry[]>>;
  /** Replaces all settings of the topic: what is not named goes back to the default. */
  alterConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<void>;
  createPartitions(topic: string, count: number): Promise<void>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const closeMsMax = 3_000;
const copiesMax = 3;
const topicResource = kafkajs.ConfigResourceTypes.TOPIC;

export async function openAdmin(config: KafkaConfig): Promise<KafkaAdmin> {
  const admin = kafkaClient(config).admin();
  const guarded = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await patiently(work);
    } catch (error) {
      throw kafkaFault(error, doing);
    }
  };
  await guarded(`connecting to Kafka at ${config.brokers.join(',')}`, () => admin.connect());
  return {
    topicOffsets: (topic) => guarded(`offsets of ${topic}`, () => topicOffsets(admin, topic)),
    offsetsAt: (topic, timestampMs) =>
      guarded(`offsets of ${topic}`, () => offsetsAt(admin, topic, timestampMs)),
    groupOffsets: (groupId, topic) =>
      guarded(`offsets of group ${groupId}`, () => groupOffsets(admin, groupId, topic)),
    groupMembers: (groupIds) => guarded('describing groups', () => groupMembers(admin, groupIds)),
    partitionCounts: (topics) => guarded('listing topics', () => partitionCounts(admin, topics)),
    clusterId: () =>
      guarded('describing the cluster', async () => (await admin.describeCluster()).clusterId),
    brokerCount: () =>
      guarded('describing the cluster', async () => (await admin.describeCluster()).brokers.length),
    createTopics: (specs) => guarded('creating topics', () => createTopics(admin, specs)),
    describeConfigs: (topics) =>
      guarded('reading topic settings', () => describeConfigs(admin, topics)),
    alterConfigs: (topic, values) =>
      guarded(`setting ${topic}`, async () => {
        const configEntries = Object.entries(values).map(([name, value]) => ({ name, value }));
        const resources = [{ type: topicResource, name: topic, configEntries }];
        await admin.alterConfigs({ validateOnly: false, resources });
      }),
    createPartitions: (topic, count) =>
      guarded(`adding partitions to ${topic}`, async () => {
        await admin.createPartitions({ topicPartitions: [{ topic, count }] });
      }),
    deleteTopics: (topics) =>
      guarded('deleting topics', () => admin.deleteTopics({ topics: [...topics] })),
    close: async () => {
      await within(closeMsMax, admin.disconnect());
    },
  };
}

async function topicOffsets(admin: Admin, topic: string): Promise<PartitionOffsets[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets
    .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
    .toSorted((a, b) => a.partition - b.partition);
}

async function offsetsAt(admin: Admin, topic: string, timestampMs: number): Promise<number[]> {
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
  const inOrder = found.toSorted((a, b) => a.partition - b.partition);
  return inOrder.map(({ offset }) => Number(offset));
}

async function groupOffsets(
  admin: Admin,
  groupId: string,
  topic: string,
): Promise<Map<number, number>> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const rows = found?.partitions ?? [];
  return new Map(rows.map(({ partition, offset }) => [partition, Number(offset)]));
}

async function groupMembers(
  admin: Admin,
  groupIds: readonly string[],
): Promise<Map<string, number>> {
  const { groups } = await admin.describeGroups([...groupIds]);
  return new Map(groups.map(({ groupId, members }) => [groupId, members.length]));
}

async function partitionCounts(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const existing = new Set(await admin.listTopics());
  const wanted = topics.filter((topic) => existing.has(topic));
  if (wanted.length === 0) return new Map();
  const { topics: found } = await admin.fetchTopicMetadata({ topics: wanted });
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
}

async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const { brokers } = await admin.describeCluster();
  const copies = Math.min(copiesMax, brokers.length);
  // One copy may be away without stopping writes, and no acknowledged write is on one disk only.
  const inSync = copies < copiesMax ? {} : { 'min.insync.replicas': '2' };
  await admin.createTopics({
    waitForLeaders: true,
    topics: specs.map(({ topic, partitions, configs }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: copies,
      configEntries: Object.entries({ ...inSync, ...configs }).map(([name, value]) => ({
        name,
        value,
      })),
    })),
  });
}

async function describeConfigs(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, ConfigEntry[]>> {
  if (topics.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: topicResource, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      configEntries.map((entry) => ({
        name: entry.configName,
        value: entry.configValue,
        isDefault: entry.configSource !== kafkajs.ConfigSource.TOPIC_CONFIG,
      })),
    ]),
  );
}

const patienceMsMax = 10_000;
const patienceRetryMs = 200;

/**
 * Leaders of topics that were just made, and coordinators of a broker that has just started, are not
 * known everywhere at once; the client hands such answers on instead of asking again. Every call
 * here may be repeated.
 */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const startedMs = monotonicMs(); ; ) {
    try {
      return await ask();
    } catch (error) {
      const retriable = (error as { retriable?: unknown }).retriable === true;
      if (!retriable || monotonicMs() - startedMs > patienceMsMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, patienceRetryMs));
    }
  }
}
