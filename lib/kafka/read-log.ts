import { randomUUID } from 'node:crypto';

import { RetryableError } from '../errors.ts';
import { openAdmin } from './admin.ts';
import type { KafkaConfig } from './client.ts';
import { type GroupConsumer, startGroupConsumer } from './group-consumer.ts';
import type { LogRecord } from './log-record.ts';

export interface ReadLogOptions {
  readonly kafka: KafkaConfig;
  readonly topic: string;
  /** First offset per partition; default: the first that is still there. */
  readonly from?: readonly number[];
  /** Offset per partition to stop before; default: the ends as they stand now. */
  readonly to?: readonly number[];
  /**
   * A log may end in offsets that are never delivered: marks of a foreign producer's transactions.
   * After so long a silence the log is taken to have ended; without it, silence is a fault.
   */
  readonly endsAfterSilenceMs?: number;
}

const chunksMax = 8;
const silenceMsMax = 60_000;

/**
 * Reads [from, to) of every partition of a topic once, each partition in order, and yields what
 * each fetch brought. Bounded: fetching waits while `chunksMax` chunks are unread.
 */
export async function* readLog(options: ReadLogOptions): AsyncGenerator<readonly LogRecord[]> {
  const admin = await openAdmin(options.kafka);
  const bounds = new Map<number, { from: number; to: number }>();
  try {
    for (const { partition, low, high } of await admin.topicOffsets(options.topic)) {
      const from = Math.max(low, options.from?.[partition] ?? low);
      const to = Math.min(high, options.to?.[partition] ?? high);
      if (to > from) bounds.set(partition, { from, to });
    }
  } finally {
    await admin.close();
  }
  if (bounds.size > 0) yield* follow(options, bounds);
}

async function* follow(
  options: ReadLogOptions,
  bounds: Map<number, { from: number; to: number }>,
): AsyncGenerator<readonly LogRecord[]> {
  const chunks: (readonly LogRecord[])[] = [];
  let failure: Error | null = null;
  let wakeReader = (): void => undefined;
  let wakeWriter = (): void => undefined;
  let group: GroupConsumer | null = null;
  // Partitions with nothing to read stay paused, as all are in the moment of joining.
  const place = (): void => {
    for (const [partition, { from }] of bounds) {
      group?.seek(options.topic, partition, from);
      group?.resume(options.topic, partition);
    }
  };
  group = await startGroupConsumer({
    kafka: options.kafka,
    groupId: `${options.kafka.clientId}.read.${randomUUID()}`,
    topics: [options.topic],
    maxWaitMs: 100,
    pauseOnJoin: true,
    onAssigned: place,
    onFatal: (error) => {
      failure = error;
      wakeReader();
    },
    onBatch: async (batch) => {
      const last = batch.records.at(-1);
      const bound = bounds.get(batch.partition);
      if (last === undefined) return;
      batch.resolve(last.offset);
      if (bound === undefined) return;
      const { from, to } = bound;
      chunks.push(batch.records.filter(({ offset }) => offset >= from && offset < to));
      // After a rejoin the client starts over: what was handed on is passed by.
      if (last.offset + 1 >= to) bounds.delete(batch.partition);
      else bounds.set(batch.partition, { from: Math.max(from, last.offset + 1), to });
      wakeReader();
      while (chunks.length >= chunksMax && !batch.stale()) {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
          setTimeout(resolve, 1_000).unref();
        });
        await batch.heartbeat().catch(() => undefined);
      }
    },
  });
  // A join that failed is tried again, and ends in onAssigned; until then there is nobody to seek.
  if (group.joined()) place();
  const reading = group;
  try {
    for (;;) {
      const chunk = chunks.shift();
      wakeWriter();
      if (failure !== null) throw failure as Error;
      if (chunk !== undefined) {
        if (chunk.length > 0) yield chunk;
        continue;
      }
      if (bounds.size === 0) return;
      const { endsAfterSilenceMs: quietMs = silenceMsMax } = options;
      if (await woken((wake) => (wakeReader = wake), quietMs)) continue;
      if (options.endsAfterSilenceMs !== undefined && group.joined()) return;
      const why = reading.healthy();
      throw new RetryableError(
        `${options.topic}: nothing came for ${quietMs / 1000} s${why === null ? '' : ` (${why})`}`,
      );
    }
  } finally {
    await reading.stop();
  }
}

/** False when nobody woke us in time. */
async function woken(arm: (wake: () => void) => void, silenceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), silenceMs);
    arm(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
