import type { Kafka, Message, Producer, RecordMetadata, TopicMessages } from 'kafkajs';

import { monotonicMs } from '../clock.ts';
import { RetryableError } from '../errors.ts';
import { within } from '../deadline.ts';
import { kafkaClient, type KafkaConfig } from './client.ts';
import { kafkaFault } from './faults.ts';
import type { OutMessage } from './log-record.ts';

/**
 * One producer, one send in flight. kafkajs loses acknowledged records when an idempotent
 * producer has several sends open and a reply is lost, and order between two
 * open sends is nobody's promise; so sends queue here, in the order of the calls.
 *
 * A send that is not acknowledged in time throws RetryableError: its outcome is unknown. Records
 * carry what their readers deduplicate by.
 */
export interface Outbox {
  send(messages: readonly OutMessage[]): Promise<void>;
  close(): Promise<void>;
}

export interface OutboxOptions {
  /** After this long without an acknowledgement a send gives up. */
  readonly sendMsMax?: number;
}

/** One record batch per partition and send: kept well under the brokers' limit of 1 MiB. */
const batchBytesMax = 512 * 1024;
const recordOverheadBytes = 40;
const closeMsMax = 3_000;

/**
 * The client must not try again by itself. It sends again to those brokers alone that have not
 * answered: where a partition has meanwhile moved to a broker that has, its records are sent to
 * nobody, and the send counts as acknowledged (kafkajs, producer/sendMessages.js). A new call sends
 * everything.
 */
const noRetry = { retries: 0 };

export async function openOutbox(
  config: KafkaConfig,
  options: OutboxOptions = {},
  client: (config: KafkaConfig) => Pick<Kafka, 'producer'> = kafkaClient,
): Promise<Outbox> {
  const sendMsMax = options.sendMsMax ?? 30_000;
  const producer = client(config).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    metadataMaxAge: 60_000,
    retry: noRetry,
  });
  try {
    await producer.connect();
  } catch (error) {
    throw kafkaFault(error, 'connecting a producer');
  }
  const { send, idle } = sendQueue((messages) => sendAll(producer, messages, sendMsMax));
  const close = async (): Promise<void> => {
    await within(closeMsMax, idle());
    await within(closeMsMax, producer.disconnect());
  };
  return { send, close };
}

/** One send after the other, in the order of the calls, whatever becomes of those before. */
export function sendQueue(sendNow: (messages: readonly OutMessage[]) => Promise<void>): {
  send(messages: readonly OutMessage[]): Promise<void>;
  idle(): Promise<void>;
} {
  let tail: Promise<void> = Promise.resolve();
  return {
    send: (messages) => {
      if (messages.length === 0) return Promise.resolve();
      const sent = tail.then(() => sendNow(messages));
      tail = sent.catch(() => undefined);
      return sent;
    },
    idle: () => tail,
  };
}

async function sendAll(
  producer: Producer,
  messages: readonly OutMessage[],
  sendMsMax: number,
): Promise<void> {
  const giveUpAt = monotonicMs() + sendMsMax;
  for (const topicMessages of batchesOf(messages)) {
    await sendOne(producer, topicMessages, giveUpAt);
  }
}

/** Sent again until it is late, all of it: what arrives twice is known by what it carries. */
async function sendOne(
  producer: Producer,
  topicMessages: TopicMessages[],
  giveUpAt: number,
): Promise<void> {
  for (;;) {
    try {
      const leftMs = Math.max(1, giveUpAt - monotonicMs());
      const sent = await within(leftMs, producer.sendBatch({ acks: -1, topicMessages }));
      if (sent === 'late') throw new RetryableError('a send was not acknowledged in time');
      const forgotten = unanswered(topicMessages, sent);
      if (forgotten !== null) throw new RetryableError(`sending: nobody took ${forgotten}`);
      return;
    } catch (error) {
      const fault = kafkaFault(error, 'sending');
      if (!(fault instanceof RetryableError) || monotonicMs() >= giveUpAt) throw fault;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** A partition of which the client knows no leader is left out, and nobody is told. */
function unanswered(
  topicMessages: readonly TopicMessages[],
  answers: readonly RecordMetadata[],
): string | null {
  const answered = new Set(answers.map((one) => `${one.topicName}/${one.partition}`));
  for (const { topic, messages } of topicMessages) {
    for (const { partition } of messages) {
      const lane = `${topic}/${partition}`;
      if (partition !== undefined && !answered.has(lane)) return lane;
    }
  }
  return null;
}

/** Cuts messages into sends, each with at most `batchBytesMax` per partition, order kept. */
export function batchesOf(messages: readonly OutMessage[]): TopicMessages[][] {
  const batches: TopicMessages[][] = [];
  let byTopic = new Map<string, Message[]>();
  let bytesOf = new Map<string, number>();
  const flush = (): void => {
    if (byTopic.size === 0) return;
    batches.push([...byTopic].map(([topic, list]) => ({ topic, messages: list })));
    byTopic = new Map();
    bytesOf = new Map();
  };
  for (const { topic, partition, key, value, headers, timestampMs } of messages) {
    const lane = `${topic}|${partition ?? 'any'}`;
    const size = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
    const before = bytesOf.get(lane) ?? 0;
    if (before > 0 && before + size > batchBytesMax) flush();
    bytesOf.set(lane, (bytesOf.get(lane) ?? 0) + size);
    let list = byTopic.get(topic);
    if (list === undefined) byTopic.set(topic, (list = []));
    list.push({
      key,
      value,
      ...(partition === undefined ? {} : { partition }),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(timestampMs === undefined ? {} : { timestamp: String(timestampMs) }),
    });
  }
  flush();
  return batches;
}
