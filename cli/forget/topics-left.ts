import type { CommonConfig } from '../../lib/config/common.ts';
import type { ConfigEntry, KafkaAdmin } from '../../lib/kafka/admin.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { topics } from '../../topics/all.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { failedIdOf } from '../failed/entries.ts';

/** What a topic still says of the user, and for how long. */
export interface TopicLeft {
  readonly topic: string;
  readonly users: Topic['users'];
  /** Milliseconds, as the broker has it; null: without limit. */
  readonly retention_ms: number | null;
  readonly until: string;
}

/** By the brokers' real settings, not by the list's. `prefixes`: of every set of internal topics. */
export async function topicsLeft(
  admin: Pick<KafkaAdmin, 'describeConfigs' | 'partitionCounts'>,
  prefixes: readonly string[],
): Promise<TopicLeft[]> {
  const naming = topics.filter(({ users }) => users !== 'none');
  const namesOf = (topic: Topic): string[] => [
    ...new Set(prefixes.map((prefix) => topicName(prefix, topic))),
  ];
  const names = naming.flatMap(namesOf);
  const there = await admin.partitionCounts(names);
  const settings = await admin.describeConfigs(names.filter((name) => there.has(name)));
  return naming.flatMap((topic) =>
    namesOf(topic).flatMap((name) => {
      const entries = settings.get(name);
      return entries === undefined ? [] : [leftOn(name, topic.users, entries)];
    }),
  );
}

const dayMs = 86_400_000;

export function leftOn(
  topic: string,
  users: Topic['users'],
  entries: readonly ConfigEntry[],
): TopicLeft {
  const valueOf = (name: string): string => entries.find((one) => one.name === name)?.value ?? '';
  const retentionMs = Number(valueOf('retention.ms') || -1);
  const isCompacted = valueOf('cleanup.policy').split(',').includes('compact');
  if (retentionMs < 0 || valueOf('cleanup.policy') === 'compact') {
    const until = isCompacted
      ? `compacted, without limit: set cleanup.policy=delete and retention.ms on ${topic}`
      : `kept without limit: set retention.ms on ${topic}`;
    return { topic, users, retention_ms: null, until };
  }
  const days = Math.round((retentionMs / dayMs) * 10) / 10;
  const until = `gone ${days} days after it was written (retention.ms=${retentionMs})`;
  return { topic, users, retention_ms: retentionMs, until };
}

/** Ids of events that failed and hold the user's id, in whatever form they came. */
export async function failedNaming(config: CommonConfig, userId: string): Promise<string[]> {
  const id = Buffer.from(userId);
  const decoder = openDecoder<FailedEvent>(config, failedEvents);
  const found = new Set<string>();
  const log = readLog({ kafka: config.kafka, topic: topicName(config.prefix, failedEvents) });
  for await (const records of log) {
    const naming = records.filter(({ value }) => value?.includes(id) === true);
    await decoder.prepare(naming.map(({ value }) => value));
    for (const { value } of naming) {
      const decoded = decoder.decode(value);
      // What nobody can read nobody can send again.
      if (decoded.ok) found.add(failedIdOf(decoded.value));
    }
  }
  return [...found];
}
