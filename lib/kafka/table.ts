import { randomUUID } from 'node:crypto';

import { openAdmin } from './admin.ts';
import type { KafkaConfig } from './client.ts';
import { startGroupConsumer } from './group-consumer.ts';
import type { LogRecord } from './log-record.ts';

/**
 * A (compacted) topic followed from its beginning, by every process for itself. No progress is
 * kept: a process reads it whole when it starts, under a group id of its own.
 */
export interface Table {
  /** Resolves when everything that stood there at the start has been handed over. */
  readonly ready: Promise<void>;
  isReady(): boolean;
  /** Next offset per partition: what has been handed over so far. */
  offsets(topic: string): readonly number[];
  stop(): Promise<void>;
  healthy(): string | null;
}

export interface TableOptions {
  readonly kafka: KafkaConfig;
  readonly topics: readonly string[];
  readonly onRecord: (record: LogRecord) => void;
  /** Called after each batch of records: the place to rebuild what is derived. */
  readonly onBatch?: () => void;
  /** False while the reader has as much unread as it may hold: nothing more is fetched then. */
  readonly hasRoom?: () => boolean;
  readonly onFatal: (error: Error) => void;
}

const roomMs = 20;
const never = (): boolean => false;
const always = (): boolean => true;

export async function followTable(options: TableOptions): Promise<Table> {
  const next = new Map<string, number[]>();
  const missing = await endsOf(options, next);
  let settle: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    settle = resolve;
  });
  if (missing.size === 0) settle();
  const reached = (topic: string, partition: number, offset: number): void => {
    const offsets = next.get(topic);
    if (offsets !== undefined) offsets[partition] = offset;
    const lane = `${topic}|${partition}`;
    if (offset >= (missing.get(lane) ?? Infinity)) missing.delete(lane);
    if (missing.size === 0) settle();
  };
  const group = await startGroupConsumer({
    kafka: options.kafka,
    groupId: `${options.kafka.clientId}.table.${randomUUID()}`,
    topics: options.topics,
    maxWaitMs: 100,
    onFatal: options.onFatal,
    onPassedOver: (topic, partition, last) => reached(topic, partition, last + 1),
    onBatch: async (batch) => {
      for (const record of batch.records) {
        // After a rejoin the client starts over; what was handed over is passed by.
        if (record.offset < (next.get(batch.topic)?.[batch.partition] ?? 0)) continue;
        options.onRecord(record);
      }
      const last = batch.records.at(-1);
      if (last === undefined) return;
      batch.resolve(last.offset);
      options.onBatch?.();
      reached(batch.topic, batch.partition, Math.max(last.offset, batch.last) + 1);
      while (options.hasRoom?.() === false && !batch.stale()) {
        await new Promise((resolve) => setTimeout(resolve, roomMs));
        // Where membership is lost the client joins again, and delivers from where we are.
        if (await batch.heartbeat().then(never, always)) return;
      }
    },
  });
  return {
    ready,
    isReady: () => missing.size === 0,
    offsets: (topic) => next.get(topic) ?? [],
    stop: group.stop,
    healthy: group.healthy,
  };
}

/** Where each partition ends now, for those that hold anything; fills `next` with their starts. */
async function endsOf(
  options: TableOptions,
  next: Map<string, number[]>,
): Promise<Map<string, number>> {
  const missing = new Map<string, number>();
  const admin = await openAdmin(options.kafka);
  try {
    for (const topic of options.topics) {
      const offsets = await admin.topicOffsets(topic);
      next.set(
        topic,
        offsets.map(({ low }) => low),
      );
      for (const { partition, low, high } of offsets) {
        if (high > low) missing.set(`${topic}|${partition}`, high);
      }
    }
  } finally {
    await admin.close();
  }
  return missing;
}
