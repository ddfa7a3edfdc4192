import type { LogRecord } from '../../lib/stream/topology.ts';

/** Where an answer goes beside `recommendations`, and what it carries back. */
export interface Reply {
  /** The correlation id under the name that it came by, its bytes as they came. */
  readonly headers: Readonly<Record<string, Buffer>>;
  /** A topic of the asker's, as asked for: the allow-list is another matter. */
  readonly topic: string | null;
  readonly partition: number | null;
  /** Why the headers cannot be used, as a fixed snake_case word. */
  readonly fault: string | null;
}

export const correlationBytesMax = 256;
const topicBytesMax = 249;
const correlationNames = ['kafka_correlationId', 'correlation-id'] as const;
const topicNames = ['kafka_replyTopic', 'reply-to'] as const;
const deadlineName = 'deadline-at';

/**
 * Reads the request-reply headers that people already have: Spring's and NestJS's three, and the
 * plain `correlation-id` and `reply-to`. Whatever they hold, there is a Reply: an asker with bad
 * headers is told so on `recommendations`.
 */
export const replyOf = (headers: LogRecord['headers']): Reply => {
  const returned: Record<string, Buffer> = {};
  let fault: string | null = null;
  for (const name of correlationNames) {
    const value = headers[name];
    if (value === undefined) continue;
    if (value.length > correlationBytesMax) fault = 'correlation_id_too_long';
    else returned[name] = value;
  }
  const topicBytes = topicNames.map((name) => headers[name]).find((value) => value !== undefined);
  const topic = topicBytes === undefined ? null : topicBytes.toString('utf8');
  if (topic !== null && !isTopicName(topic)) fault = 'reply_topic_malformed';
  const partitionBytes = headers['kafka_replyPartition'];
  const partition = partitionBytes === undefined ? null : partitionIn(partitionBytes);
  if (partition !== null && Number.isNaN(partition)) fault = 'reply_partition_malformed';
  const usable = topic !== null && fault === null;
  return {
    headers: returned,
    topic: usable ? topic : null,
    partition: usable ? partition : null,
    fault,
  };
};

const isTopicName = (name: string): boolean =>
  name.length <= topicBytesMax && /^[A-Za-z0-9._-]+$/.test(name) && !/^\.{1,2}$/.test(name);

/**
 * NestJS sends decimal digits, Spring four bytes, big-endian. Four bytes that are all digits are
 * digits: read as a number they would be a partition above 800 million. NaN: neither.
 */
const partitionIn = (bytes: Buffer): number => {
  const text = bytes.toString('latin1');
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (bytes.length !== 4) return Number.NaN;
  const number = bytes.readInt32BE(0);
  return number >= 0 ? number : Number.NaN;
};

/** The deadline in `deadline-at`, ms since 1970 in decimal digits; NaN where it is not that. */
export const deadlineOf = (headers: LogRecord['headers']): number | null => {
  const value = headers[deadlineName];
  if (value === undefined) return null;
  const text = value.toString('latin1');
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
};

/** Whether the operator lets answers go to this topic. An entry may end in `*`. */
export const isAllowed = (topic: string, allowed: readonly string[]): boolean =>
  allowed.some((entry) =>
    entry.endsWith('*') ? topic.startsWith(entry.slice(0, -1)) : topic === entry,
  );
