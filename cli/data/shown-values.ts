import type { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { userSides } from '../../models/kinds.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { readSignals } from '../../schemas/packed/signals-reader.ts';
import { topics } from '../../topics/all.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { readable, readableBytes } from './readable.ts';
import { openDecoder } from './topic-values.ts';

/** A record as `freshet tail` shows it. */
export interface Shown {
  readonly partition: number;
  readonly offset: number;
  readonly at: string;
  readonly key: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** The decoded value; null: a tombstone. Absent where it cannot be decoded. */
  readonly value?: unknown;
  readonly undecodable?: { readonly reason: string; readonly detail: string; readonly raw: string };
}

/** Makes the records of one topic readable: packs are unpacked, failed records looked into. */
export class ShownValues {
  readonly #config: CommonConfig;
  readonly #topic: Topic;
  readonly #decoders = new Map<string, TopicDecoder<unknown>>();

  constructor(config: CommonConfig, topic: Topic) {
    this.#config = config;
    this.#topic = topic;
  }

  async show(records: readonly LogRecord[]): Promise<Shown[]> {
    const decoder = this.#decoder(this.#topic);
    await decoder.prepare(records.map(({ value }) => value));
    const shown: Shown[] = [];
    for (const record of records) shown.push(await this.#one(record, decoder));
    return shown;
  }

  async #one(record: LogRecord, decoder: TopicDecoder<unknown>): Promise<Shown> {
    const { partition, offset, timestampMs, key, value } = record;
    const headers = Object.entries(record.headers).filter(([, bytes]) => bytes !== undefined);
    const base = {
      partition,
      offset,
      at: new Date(timestampMs).toISOString(),
      key: key === null ? null : readableBytes(key),
      ...(headers.length === 0
        ? {}
        : { headers: readable(Object.fromEntries(headers)) as Record<string, string> }),
    };
    if (value === null) return { ...base, value: null };
    const decoded = decoder.decode(value);
    if (!decoded.ok) {
      const { reason, detail } = decoded;
      return { ...base, undecodable: { reason, detail, raw: readableBytes(value) } };
    }
    return { ...base, value: await this.#opened(decoded.value) };
  }

  async #opened(value: unknown): Promise<unknown> {
    if (this.#topic.schema === 'signal-pack') return openedPack(value as SignalPack, this.#config);
    if (this.#topic.schema === 'failed-event') return this.#openedFailure(value as FailedEvent);
    return readable(value);
  }

  /** What was refused by a rule can still be decoded; bytes that cannot are shown as they are. */
  async #openedFailure(failure: FailedEvent): Promise<unknown> {
    const origin = topics.find((topic) => topicName(this.#config.prefix, topic) === failure.topic);
    const shown = readable(failure) as object;
    if (origin === undefined || failure.value === null) return shown;
    const decoder = this.#decoder(origin);
    await decoder.prepare([failure.value]);
    const decoded = decoder.decode(failure.value);
    return decoded.ok ? { ...shown, value: readable(decoded.value) } : shown;
  }

  #decoder(topic: Topic): TopicDecoder<unknown> {
    let decoder = this.#decoders.get(topic.thing);
    if (decoder === undefined) {
      decoder = openDecoder(this.#config, topic);
      this.#decoders.set(topic.thing, decoder);
    }
    return decoder;
  }
}

function openedPack(pack: SignalPack, { types }: CommonConfig): unknown {
  const signals: unknown[] = [];
  let fault: string | null = null;
  for (const { channel } of userSides) {
    fault ??= readSignals(
      pack.signals,
      { channel, types },
      ({ item, others, notes }, context, offset) =>
        signals.push({ offset, channel, ...context, item, others, notes }),
    );
  }
  return { ...pack, signals, ...(fault === null ? {} : { fault }) };
}
