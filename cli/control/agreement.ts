import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type CommandResult, commandResultSchema } from '../../schemas/generated/command-result.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import {
  type ControlState,
  type DefinitionTopic,
  definitionTopics,
} from '../../services/control/state.ts';
import { commandResults } from '../../topics/command-results.ts';
import { commands } from '../../topics/commands.ts';
import { contexts } from '../../topics/contexts.ts';
import { experiments } from '../../topics/experiments.ts';
import { models } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { endsOf } from '../data/asking.ts';
import { readPublished } from './published.ts';

/** Whether the history, the state and the topics of the control plane tell one and the same truth. */
export interface Agreement {
  /** On the topic `commands`. */
  readonly commands: number;
  readonly accepted: number;
  readonly refused: number;
  readonly repeated: number;
  /** Commands without any result. */
  readonly lost: number;
  /** Ids with more than one accepted command. */
  readonly appliedTwice: number;
  /** One line each. */
  readonly differences: readonly string[];
}

/** What stands where: version and revision, or that it is withdrawn. */
type Standing = ReadonlyMap<string, string>;

export interface Evidence {
  readonly commands: number;
  /** As they lie on the topic, repetitions included. */
  readonly results: readonly CommandResult[];
  readonly state: ControlState;
  /** Per topic, records in their order; null: withdrawn. */
  readonly records: Readonly<
    Record<DefinitionTopic, readonly { readonly key: string; readonly record: Definition | null }[]>
  >;
}

const withdrawn = 'withdrawn';

export const judgeEvidence = ({ commands: sent, results, state, records }: Evidence): Agreement => {
  const differences: string[] = [];
  const byOffset = new Map<number, CommandResult>();
  for (const result of results) {
    const first = byOffset.get(result.command_offset);
    if (first === undefined) byOffset.set(result.command_offset, result);
    else if (JSON.stringify(first) !== JSON.stringify(result))
      differences.push(`command ${result.command_offset} has two different results`);
  }
  const history = [...byOffset.values()].toSorted((a, b) => a.command_offset - b.command_offset);
  const of = (status: string): CommandResult[] => history.filter((one) => one.status === status);
  const accepted = of('accepted');
  const ids = new Set(accepted.map((one) => one.command_id));
  const said = standingOfHistory(accepted, differences);
  const stored = standingOfState(state);
  compare(differences, { what: 'state', is: stored, history: said });
  compare(differences, {
    what: 'topics',
    is: standingOfTopics(records, differences),
    history: said,
  });
  return {
    commands: sent,
    accepted: accepted.length,
    refused: of('refused').length,
    repeated: of('repeated').length,
    lost: sent - byOffset.size,
    appliedTwice: accepted.length - ids.size,
    differences,
  };
};

const standingOfHistory = (accepted: readonly CommandResult[], differences: string[]): Standing => {
  const standing = new Map<string, string>();
  const revisions = new Map<string, number>();
  for (const { changes, command_offset: offset, kind } of accepted)
    for (const { topic, key, version, revision } of changes) {
      const name = `${topic}/${key}`;
      const next = (revisions.get(name) ?? 0) + 1;
      // Over what nobody has decided, and however high that is.
      const isNext = kind === 'definitions.restate' ? revision >= next : revision === next;
      if (!isNext) differences.push(`command ${offset}: ${name} got revision ${revision}`);
      revisions.set(name, revision);
      standing.set(name, version === '' ? withdrawn : `${version} ${revision}`);
    }
  return standing;
};

const standingOfState = (state: ControlState): Standing => {
  const standing = new Map<string, string>();
  for (const topic of definitionTopics) {
    for (const key of state[topic].gone.keys()) standing.set(`${topic}/${key}`, withdrawn);
    for (const [key, { version, revision }] of state[topic].live)
      standing.set(`${topic}/${key}`, `${version} ${revision}`);
  }
  return standing;
};

/** By the last record, which compaction keeps; readers keep the highest: it must be the same. */
const standingOfTopics = (records: Evidence['records'], differences: string[]): Standing => {
  const last = new Map<string, Definition | null>();
  const highest = new Map<string, number>();
  for (const topic of definitionTopics)
    for (const { key, record } of records[topic]) {
      const name = `${topic}/${key}`;
      last.set(name, record);
      highest.set(name, Math.max(highest.get(name) ?? 0, record?.revision ?? 0));
    }
  const standing = new Map<string, string>();
  for (const [name, record] of last) {
    if (record !== null && record.revision !== highest.get(name))
      differences.push(`${name}: revision ${record.revision} stands after ${highest.get(name)}`);
    standing.set(name, record === null ? withdrawn : `${record.version} ${record.revision}`);
  }
  return standing;
};

const compare = (
  differences: string[],
  { what, is, history }: { what: string; is: Standing; history: Standing },
): void => {
  for (const name of new Set([...is.keys(), ...history.keys()])) {
    const [own, told] = [is.get(name), history.get(name)];
    if (own === told) continue;
    differences.push(`${name}: ${what} ${own ?? 'nothing'}, history ${told ?? 'nothing'}`);
  }
};

/** With nothing on its way: state, topics and history are read one after the other. */
export async function checkAgreement(config: CommonConfig): Promise<Agreement> {
  const state = await readPublished(config);
  const [sent = 0] = await endsOf(config, topicName(config.prefix, commands));
  const results = await readAll<CommandResult>(config, commandResults, commandResultSchema);
  const of = (topic: Topic) => readAll<Definition>(config, topic, definitionSchema);
  return judgeEvidence({
    commands: sent,
    results: results.flatMap(({ record }) => record ?? []),
    state,
    records: {
      models: await of(models),
      contexts: await of(contexts),
      experiments: await of(experiments),
    },
  });
}

async function readAll<T>(
  config: CommonConfig,
  of: Topic,
  schema: object,
): Promise<{ key: string; record: T | null }[]> {
  const topic = topicName(config.prefix, of);
  const decoder = new TopicDecoder<T>({
    registry: openRegistry(config.registry),
    subject: `${topic}-value`,
    schema,
    valueBytesMax: of.messageBytesMax,
  });
  const found: { key: string; record: T | null }[] = [];
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value, offset } of records) {
      const decoded = value === null ? null : decoder.decode(value);
      if (decoded?.ok === false) throw new Error(`${topic} ${offset}: ${decoded.reason}`);
      found.push({ key: key?.toString('utf8') ?? '', record: decoded?.value ?? null });
    }
  }
  return found;
}
