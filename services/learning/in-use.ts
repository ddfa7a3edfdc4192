import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { followTable } from '../../lib/kafka/table.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { contexts } from '../../topics/contexts.ts';
import { models } from '../../topics/models.ts';
import { topicName } from '../../topics/topic.ts';
import { learnersOf } from './learners.ts';
import type { Learner } from './topology.ts';

export interface LearnersInUse {
  /** False until both topics have been read to the end. */
  isReady(): boolean;
  healthy(): string | null;
  stop(): Promise<void>;
}

export type OnLearners = (learners: ReadonlyMap<string, Learner>) => void;

const retryMs = 500;

/**
 * Follows the topics of models and contexts, and tells which learners some context has in use:
 * once when both have been read to the end, and again whenever a definition changes.
 */
export async function followLearners(
  context: ServiceContext,
  registry: RegistryPort,
  onLearners: OnLearners,
): Promise<LearnersInUse> {
  const definitions = new Definitions(context, registry, onLearners);
  // One after the other: a later record must not pass one that waits for its schema.
  let queue = Promise.resolve();
  const then = (act: () => void | Promise<void>): void => {
    queue = queue.then(act).catch(context.onFatal);
  };
  const table = await followTable({
    kafka: { ...context.config.kafka, clientId: `${context.config.prefix}.learning` },
    topics: definitions.topics,
    onRecord: (record) => then(() => definitions.take(record)),
    onFatal: context.onFatal,
  });
  void table.ready.then(() => then(() => definitions.complete()));
  return {
    isReady: () => definitions.ready,
    healthy: () => definitions.trouble ?? table.healthy(),
    stop: async () => {
      definitions.stop();
      await table.stop();
      await queue;
    },
  };
}

class Definitions {
  readonly #catalogue = new Catalogue(kinds);
  readonly #decoders = new Map<string, TopicDecoder<Definition>>();
  readonly #log: ServiceContext['log'];
  readonly #modelsTopic: string;
  readonly #onLearners: OnLearners;
  #stopped = false;
  ready = false;
  trouble: string | null = null;

  constructor({ config, log }: ServiceContext, registry: RegistryPort, onLearners: OnLearners) {
    this.#log = log;
    this.#modelsTopic = topicName(config.prefix, models);
    this.#onLearners = onLearners;
    for (const topic of [models, contexts]) {
      const name = topicName(config.prefix, topic);
      const decoder = new TopicDecoder<Definition>({
        registry,
        subject: `${name}-value`,
        schema: definitionSchema,
        valueBytesMax: topic.messageBytesMax,
      });
      this.#decoders.set(name, decoder);
    }
  }

  get topics(): string[] {
    return [...this.#decoders.keys()];
  }

  stop(): void {
    this.#stopped = true;
  }

  complete(): void {
    this.ready = true;
    this.#tell();
  }

  async take(record: LogRecord): Promise<void> {
    const decoder = this.#decoders.get(record.topic);
    const key = record.key?.toString();
    if (decoder === undefined || key === undefined) return;
    if (!(await this.#prepare(decoder, record))) return;
    const decoded = record.value === null ? null : decoder.decode(record.value);
    if (decoded !== null && !decoded.ok) {
      this.#log.error({ topic: record.topic, key, reason: decoded.reason }, 'no definition');
      return;
    }
    const value = decoded?.value ?? null;
    const taken =
      record.topic === this.#modelsTopic
        ? this.#catalogue.takeModel(key, value)
        : this.#catalogue.takeContext(key, value);
    if (taken.kind === 'unusable')
      this.#log.error({ topic: record.topic, key, faults: taken.faults }, 'definition left out');
    if (taken.kind === 'changed' && this.ready) this.#tell();
  }

  #tell(): void {
    if (this.#stopped) return;
    this.#onLearners(learnersOf(this.#catalogue.modelsInUse(), kinds));
  }

  /** Waits until the registry has said what the record's schema is; false when told to stop. */
  async #prepare(decoder: TopicDecoder<Definition>, record: LogRecord): Promise<boolean> {
    while (!this.#stopped) {
      try {
        await decoder.prepare([record.value]);
        this.trouble = null;
        return true;
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        this.trouble = messageOf(error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return false;
  }
}
