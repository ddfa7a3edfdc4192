import { type Topic, topicName } from './topic.ts';

/** A topic as a broker has it, or should. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** What a broker says of one setting; `isDefault`: nobody set it on the topic itself. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

/** The part of a Kafka admin client that is needed here. */
export interface TopicAdmin {
  /** Topics that do not exist are left out of the answer. */
  partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  describeConfigs(topics: readonly string[]): Promise<ReadonlyMap<string, readonly ConfigEntry[]>>;
  createTopics(specs: readonly TopicSpec[]): Promise<unknown>;
  /** Replaces all settings of the topic: what is not named goes back to the broker's default. */
  alterConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<unknown>;
}

export interface ExistingTopic {
  readonly partitions: number;
  readonly configs: readonly ConfigEntry[];
}

/** One difference between the list and the broker, and what `apply` does about it. */
export type TopicChange =
  | { readonly kind: 'create'; readonly topic: string; readonly spec: TopicSpec }
  | {
      readonly kind: 'alter';
      readonly topic: string;
      readonly differing: readonly { name: string; from: string; to: string }[];
      /** All settings that the topic must have afterwards, foreign ones included. */
      readonly configs: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'refuse'; readonly topic: string; readonly why: string };

export interface TopicOptions {
  readonly prefix: string;
  /** Partitions of the internal topics. */
  readonly partitions: number;
}

function partitionsOf(topic: Topic, internal: number): number {
  if (topic.partitions === 'internal' || topic.partitions === 'as made') return internal;
  return typeof topic.partitions === 'number' ? topic.partitions : topic.partitions.free;
}

export function specOf(topic: Topic, options: TopicOptions): TopicSpec {
  const configs: Record<string, string> = {
    'cleanup.policy': topic.cleanup,
    'max.message.bytes': String(topic.messageBytesMax),
    'message.timestamp.type': topic.timestamps,
  };
  if (topic.cleanup === 'delete') {
    configs['retention.ms'] = String(topic.retentionMs);
    // Time alone limits a log: a broker's default by size would cut it unseen.
    configs['retention.bytes'] = '-1';
  }
  return {
    topic: topicName(options.prefix, topic),
    partitions: partitionsOf(topic, options.partitions),
    configs,
  };
}

/**
 * A partition count is never changed: keys would move to other partitions, away from their state
 * and out of their order. Topics that others may create (`free`) are taken as they are, and so are
 * those that all sets of internal topics share.
 */
function refusal(topic: Topic, spec: TopicSpec, existing: ExistingTopic): string | null {
  if (existing.partitions === spec.partitions) return null;
  const found = `${spec.topic} has ${existing.partitions} partitions and not ${spec.partitions}`;
  if (topic.partitions === 'internal') {
    return `${found}; the count is part of every fold's identity: set FRESHET_PARTITIONS=${existing.partitions}, or change it with \`npx freshet rebuild --partitions ${spec.partitions}\``;
  }
  if (typeof topic.partitions === 'number') {
    return `${found}; changing it would move keys: delete the topic, or start over under another FRESHET_PREFIX`;
  }
  return null;
}

/** What differs between the list and the broker. Pure. */
export function diffTopics(
  topics: readonly Topic[],
  existing: ReadonlyMap<string, ExistingTopic>,
  options: TopicOptions,
): TopicChange[] {
  return topics.flatMap((topic): TopicChange[] => {
    const spec = specOf(topic, options);
    const found = existing.get(spec.topic);
    if (found === undefined) return [{ kind: 'create', topic: spec.topic, spec }];
    const why = refusal(topic, spec, found);
    if (why !== null) return [{ kind: 'refuse', topic: spec.topic, why }];
    const has = new Map(found.configs.map((entry) => [entry.name, entry.value]));
    const differing = Object.entries(spec.configs)
      .map(([name, to]) => ({ name, from: has.get(name) ?? 'unset', to }))
      .filter(({ from, to }) => from !== to);
    if (differing.length === 0) return [];
    const kept = found.configs.filter((entry) => !entry.isDefault);
    const configs = {
      ...Object.fromEntries(kept.map(({ name, value }) => [name, value])),
      ...spec.configs,
    };
    return [{ kind: 'alter', topic: spec.topic, differing, configs }];
  });
}

export async function readTopics(
  admin: TopicAdmin,
  names: readonly string[],
): Promise<Map<string, ExistingTopic>> {
  const counts = await admin.partitionCounts(names);
  if (counts.size === 0) return new Map();
  const configs = await admin.describeConfigs([...counts.keys()]);
  return new Map(
    [...counts].map(([name, partitions]) => [
      name,
      { partitions, configs: configs.get(name) ?? [] },
    ]),
  );
}

/** Carries the changes out; refused ones are the caller's to report, and stop nothing here. */
export async function applyTopics(
  changes: readonly TopicChange[],
  admin: TopicAdmin,
): Promise<void> {
  const specs = changes.flatMap((change) => (change.kind === 'create' ? [change.spec] : []));
  if (specs.length > 0) await admin.createTopics(specs);
  for (const change of changes) {
    if (change.kind === 'alter') await admin.alterConfigs(change.topic, change.configs);
  }
}
