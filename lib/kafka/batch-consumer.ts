import { RetryableError } from '../errors.ts';
import { failpoint } from '../stream/failpoints.ts';
import type { KafkaConfig } from './client.ts';
import { type FetchedBatch, type GroupConsumer, startGroupConsumer } from './group-consumer.ts';
import type { LogRecord } from './log-record.ts';

/** A fetched batch of one partition, for services without state of their own. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly records: readonly LogRecord[];
  heartbeat(): Promise<void>;
}

export interface BatchConsumer {
  stop(): Promise<void>;
  healthy(): string | null;
  joined(): boolean;
}

export interface BatchConsumerOptions {
  readonly kafka: KafkaConfig;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a group without progress starts. */
  readonly fromBeginning: boolean;
  readonly maxWaitMs?: number;
  readonly bytesPerPartitionMax?: number;
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  readonly onFatal: (error: Error) => void;
}

const retryMs = 500;
const commitMs = 500;

/**
 * At least once: a batch counts as done when `onBatch` has resolved; its offset is committed to the
 * group soon after. A RetryableError pauses the partition for a moment and delivers the batch again;
 * anything else is a bug and ends the consumer.
 */
export async function startBatchConsumer(options: BatchConsumerOptions): Promise<BatchConsumer> {
  let group: GroupConsumer | null = null;
  const timers = new Set<NodeJS.Timeout>();
  const done = new Map<string, { topic: string; partition: number; offset: number }>();
  const tryAgain = (topic: string, partition: number): void => {
    group?.pause(topic, partition);
    const timer = setTimeout(() => {
      timers.delete(timer);
      group?.resume(topic, partition);
    }, retryMs);
    timers.add(timer);
  };
  const onBatch = async (batch: FetchedBatch): Promise<void> => {
    const last = batch.records.at(-1);
    if (last === undefined) return;
    try {
      await options.onBatch(batch);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      tryAgain(batch.topic, batch.partition);
      return;
    }
    batch.resolve(last.offset);
    const { topic, partition } = batch;
    done.set(`${topic}|${partition}`, { topic, partition, offset: last.offset + 1 });
  };
  const commit = async (): Promise<void> => {
    if (done.size === 0 || group === null || !group.joined()) return;
    const offsets = [...done.values()];
    done.clear();
    failpoint('before_offset_commit');
    try {
      await group.commit(offsets);
    } catch {
      // Membership was lost: the next owner delivers these again, as at-least-once says.
    }
  };
  group = await startGroupConsumer({ ...options, onBatch });
  const started = group;
  // Not per batch: an answer would wait for the commit of the one before it.
  const committing = setInterval(() => void commit(), commitMs);
  return {
    stop: async () => {
      clearInterval(committing);
      for (const timer of timers) clearTimeout(timer);
      // A batch in hand is finished, and may be delivered again to the next owner.
      await commit();
      await started.stop();
    },
    healthy: started.healthy,
    joined: started.joined,
  };
}
