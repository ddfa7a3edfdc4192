import type { IHeaders, KafkaMessage } from 'kafkajs';

/** One record of a Kafka log, client-neutral. Offsets are safe integers. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp: the append time where the topic says LogAppendTime. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | undefined>>;
}

/** A message ready to be sent; `partition` set wherever the target matters. */
export interface OutMessage {
  readonly topic: string;
  readonly partition?: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string>>;
  /** For topics that keep their writers' times; left out: now. */
  readonly timestampMs?: number;
}

const noHeaders: LogRecord['headers'] = {};

export function logRecord(topic: string, partition: number, message: KafkaMessage): LogRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersOf(message.headers),
  };
}

/** The first value of each header, as bytes; kafkajs gives strings, buffers or lists of them. */
function headersOf(headers: IHeaders | undefined): LogRecord['headers'] {
  if (headers === undefined) return noHeaders;
  const names = Object.keys(headers);
  if (names.length === 0) return noHeaders;
  const own: Record<string, Buffer | undefined> = Object.create(null) as Record<string, undefined>;
  for (const name of names) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    own[name] = typeof first === 'string' ? Buffer.from(first, 'utf8') : first;
  }
  return own;
}
