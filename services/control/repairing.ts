import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { openOutbox, type Outbox } from '../../lib/kafka/outbox.ts';
import { followTable, type Table } from '../../lib/kafka/table.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { repeatedly } from '../../lib/repeatedly.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { restatedMax } from './commands.ts';
import { type OwnCommands, ownCommands } from './own-commands.ts';
import { readState } from './read-state.ts';
import { LastRecords, type Repairs } from './repair.ts';
import type { Standing } from './restate.ts';
import { settingsWatch } from './settings-watch.ts';
import { type Change, type ControlState, type DefinitionTopic, definitionTopics } from './state.ts';
import { definitionTopicOf } from './topics.ts';
import { type ControlOptions, definitionMessage } from './topology.ts';

export interface Repairing {
  healthy(): string | null;
  stop(): Promise<void>;
}

const lookMs = 500;
const settingsLookMs = 10_000;
const unreadable = { revision: 0, version: '' };

/**
 * Follows the topics that this service writes, and publishes a key again where what stands last is
 * not what the state says. Every control process does so: that one was overtaken is what it cannot
 * know of itself.
 */
export async function startRepairing(
  context: ServiceContext,
  given: { readonly registry: RegistryPort; readonly options: ControlOptions },
): Promise<Repairing> {
  const { config, log, onFatal } = context;
  const kafka = { ...config.kafka, clientId: `${config.prefix}.control.repair` };
  const followed = new Followed(given);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const redis = await openRedis(config.redis);
    closers.push(() => redis.close());
    const outbox = await openOutbox(kafka);
    closers.push(() => outbox.close());
    const table = await followTable({
      kafka,
      topics: definitionTopics.map((topic) => given.options.topics[topic]),
      onRecord: (record) => followed.take(record),
      onFatal,
    });
    closers.push(() => table.stop());
    const { registry, options } = given;
    const own = await ownCommands(outbox, { registry, topic: options.topics.commands });
    const rounds = new Rounds(followed, { context, table, redis, outbox, own });
    const onError = (error: unknown): void => {
      if (error instanceof RetryableError) log.warn(`repair waits: ${messageOf(error)}`);
      else onFatal(error instanceof Error ? error : new Error(messageOf(error)));
    };
    const looking = repeatedly(() => rounds.look(options), { pauseMs: lookMs, onError });
    closers.push(() => looking.stop());
    const watch = settingsWatch(context, { redis, limits: options.facts.seen });
    const watching = repeatedly(watch, { pauseMs: settingsLookMs, onError });
    closers.push(() => watching.stop());
    return { healthy: () => table.healthy(), stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Lane {
  readonly topic: DefinitionTopic;
  readonly last: LastRecords;
  readonly decoder: TopicDecoder<Definition>;
  /** Fetched and not decoded yet. */
  waiting: LogRecord[];
}

/** What came on the topics, by topic. */
class Followed {
  readonly #lanes: ReadonlyMap<string, Lane>;

  constructor({ registry, options }: { registry: RegistryPort; options: ControlOptions }) {
    this.#lanes = new Map(
      definitionTopics.map((topic) => [
        options.topics[topic],
        {
          topic,
          last: new LastRecords(topic),
          decoder: new TopicDecoder<Definition>({
            registry,
            subject: `${options.topics[topic]}-value`,
            schema: definitionSchema,
            valueBytesMax: definitionTopicOf(topic).messageBytesMax,
          }),
          waiting: [],
        },
      ]),
    );
  }

  take(record: LogRecord): void {
    this.#lanes.get(record.topic)?.waiting.push(record);
  }

  async decode(): Promise<void> {
    for (const lane of this.#lanes.values()) {
      const { decoder, last, waiting } = lane;
      if (waiting.length === 0) continue;
      lane.waiting = [];
      try {
        await decoder.prepare(waiting.map(({ value }) => value));
      } catch (error) {
        lane.waiting = [...waiting, ...lane.waiting];
        throw error;
      }
      for (const { key, value } of waiting) {
        const decoded = value === null ? null : decoder.decode(value);
        // What nobody can read stands for nothing: the key's own record is published after it.
        const record = decoded === null ? null : decoded.ok ? decoded.value : unreadable;
        last.take(key?.toString('utf8') ?? '', record);
      }
    }
  }

  get isDoubtful(): boolean {
    return [...this.#lanes.values()].some(({ last }) => last.isDoubtful);
  }

  doubtAll(state: ControlState): void {
    for (const { last } of this.#lanes.values()) last.doubtAll(state);
  }

  repairs(state: ControlState): Repairs {
    const all = [...this.#lanes.values()].map(({ last }) => last.repairs(state));
    return {
      again: all.flatMap(({ again }) => again),
      foreign: all.flatMap(({ foreign }) => foreign),
    };
  }

  /** What was to be repaired may not have been. */
  doubtAgain(changes: readonly Change[]): void {
    for (const { topic, last } of this.#lanes.values())
      for (const change of changes) if (change.topic === topic) last.doubt(change.key);
  }
}

interface RoundDeps {
  readonly context: ServiceContext;
  readonly table: Table;
  readonly redis: RedisPort;
  readonly outbox: Outbox;
  readonly own: OwnCommands;
}

class Rounds {
  readonly #followed: Followed;
  readonly #deps: RoundDeps;
  #all = false;

  constructor(followed: Followed, deps: RoundDeps) {
    this.#followed = followed;
    this.#deps = deps;
  }

  async look(options: ControlOptions): Promise<void> {
    const { table, redis, context } = this.#deps;
    const followed = this.#followed;
    if (!table.isReady()) return;
    await followed.decode();
    if (this.#all && !followed.isDoubtful) return;
    const state = await readState(redis, context.config.prefix);
    // Where nothing was ever decided, what stands is a predecessor's: it is not ours to withdraw.
    if (state === null || isBlank(state)) return;
    if (!this.#all) followed.doubtAll(state);
    this.#all = true;
    const { again, foreign } = followed.repairs(state);
    await this.#publishAgain(again, options);
    await this.#askToRestate(foreign);
  }

  async #publishAgain(changes: readonly Change[], options: ControlOptions): Promise<void> {
    const { context, outbox } = this.#deps;
    if (changes.length === 0) return;
    try {
      await outbox.send(changes.map((change) => definitionMessage(change, options)));
    } catch (error) {
      this.#followed.doubtAgain(changes);
      throw error;
    }
    for (const { topic, key, revision } of changes) {
      context.metrics.add('freshet_definitions_repaired_total', { topic });
      context.log.warn({ topic, key, revision }, 'published again: an older record stood after it');
    }
  }

  /** Several who ask at once do no harm. */
  async #askToRestate(foreign: readonly Standing[]): Promise<void> {
    const { context, own } = this.#deps;
    for (let at = 0; at < foreign.length; at += restatedMax) {
      const standing = foreign.slice(at, at + restatedMax);
      await own.send('definitions.restate', { standing });
      for (const { topic, key, revision } of standing) {
        context.metrics.add('freshet_definitions_repaired_total', { topic });
        const why = 'asked to restate: a record that no command has made stands on the topic';
        context.log.warn({ topic, key, revision }, why);
      }
    }
  }
}

const isBlank = (state: ControlState): boolean =>
  definitionTopics.every((topic) => state[topic].live.size + state[topic].gone.size === 0);
