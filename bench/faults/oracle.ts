import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import {
  type Recommendation,
  recommendationSchema,
} from '../../schemas/generated/recommendation.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { interactions } from '../../topics/interactions.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { Ledger } from './ledger.ts';
import type { Counts } from './row.ts';
import type { SteadyLoad } from './steady-load.ts';

export interface OracleOptions {
  readonly config: CommonConfig;
  readonly registry: RegistryPort;
  readonly admin: KafkaAdmin;
}

/**
 * Reads the logs by itself, from the beginning and once, and counts against what the load was
 * promised. It shares no state with the services and knows nothing of how they work.
 */
export class Oracle {
  readonly #options: OracleOptions;
  readonly #ledger = new Ledger();
  readonly #next = new Map<Topic, number[]>();
  readonly #events: TopicDecoder<UserEvent>;
  readonly #interactions: TopicDecoder<Interaction>;
  readonly #answers: TopicDecoder<Recommendation>;

  constructor(options: OracleOptions) {
    this.#options = options;
    this.#events = this.#decoder(userEvents, userEventSchema);
    this.#interactions = this.#decoder(interactions, interactionSchema);
    this.#answers = this.#decoder(recommendations, recommendationSchema);
  }

  async count(load: SteadyLoad): Promise<Counts> {
    const ledger = this.#ledger;
    // Against the flow: what lies before an end came from before the ends that are taken after it.
    const ends = new Map<Topic, readonly number[]>();
    for (const topic of [recommendations, requests, interactions, userEvents])
      ends.set(topic, await this.#endsOf(topic));
    const to = (topic: Topic): Reading => ({ topic, to: ends.get(topic) ?? [] });
    await this.#read(to(userEvents), async (records) => {
      await this.#events.prepare(records.map(({ value }) => value));
      for (const record of records) {
        const decoded = this.#events.decode(record.value);
        if (decoded.ok) ledger.appended(record, decoded.value.event_id);
      }
    });
    await this.#read(to(interactions), async (records) => {
      await this.#interactions.prepare(records.map(({ value }) => value));
      for (const { value } of records) {
        const decoded = this.#interactions.decode(value);
        if (decoded.ok) ledger.accepted(decoded.value);
      }
    });
    await this.#read(to(requests), async (records) => {
      for (const record of records) ledger.asked(record, correlationOf(record));
    });
    await this.#read(to(recommendations), async (records) => {
      await this.#answers.prepare(records.map(({ value }) => value));
      for (const record of records) {
        const decoded = this.#answers.decode(record.value);
        if (decoded.ok) ledger.answered(decoded.value, correlationOf(record));
      }
    });
    return ledger.counts(load);
  }

  #decoder<T>(topic: Topic, schema: object): TopicDecoder<T> {
    const { config, registry } = this.#options;
    const subject = `${topicName(config.prefix, topic)}-value`;
    return new TopicDecoder<T>({
      registry,
      subject,
      schema,
      valueBytesMax: topic.messageBytesMax,
    });
  }

  async #endsOf(topic: Topic): Promise<readonly number[]> {
    const name = topicName(this.#options.config.prefix, topic);
    return (await this.#options.admin.topicOffsets(name)).map(({ high }) => high);
  }

  async #read(
    { topic, to }: Reading,
    take: (records: readonly LogRecord[]) => Promise<void>,
  ): Promise<void> {
    const { config } = this.#options;
    const name = topicName(config.prefix, topic);
    const from = this.#next.get(topic) ?? [];
    if (to.every((high, partition) => high <= (from[partition] ?? 0))) return;
    for await (const records of readLog({
      kafka: config.kafka,
      topic: name,
      from: [...from],
      to,
    })) {
      await take(records);
      // A reading that is broken off goes on where it was: nothing is counted twice.
      for (const { partition, offset } of records) from[partition] = offset + 1;
      this.#next.set(topic, from);
    }
  }
}

interface Reading {
  readonly topic: Topic;
  readonly to: readonly number[];
}

const correlationOf = ({ headers }: LogRecord): string =>
  headers['correlation-id']?.toString('latin1') ?? '';
