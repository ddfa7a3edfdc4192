import { within } from '../deadline.ts';
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
/** Of a stop: for batches in hand, and again for saying what was done. */
const finishMsMax = 4_000;

/**
 * At least once: a batch counts as done when `onBatch` has resolved; its offset is committed to the
 * group soon after, and at once where partitions are about to go to others: only who dies leaves
 * something that is done again. A RetryableError pauses the partition for a moment and delivers the
 * batch again; anything else is a bug and ends the consumer.
 */
export async function startBatchConsumer(
  options: BatchConsumerOptions,
  join: typeof startGroupConsumer = startGroupConsumer,
): Promise<BatchConsumer> {
  let group: GroupConsumer | null = null;
  const timers = new Set<NodeJS.Timeout>();
  const done = new Map<string, { topic: string; partition: number; offset: number }>();
  const inHand = new Set<Promise<void>>();
  let stopping = false;
  const tryAgain = (topic: string, partition: number): void => {
    group?.pause(topic, partition);
    const timer = setTimeout(() => {
      timers.delete(timer);
      group?.resume(topic, partition);
    }, retryMs);
    timers.add(timer);
  };
  const handle = async (batch: FetchedBatch): Promise<void> => {
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
  const onBatch = async (batch: FetchedBatch): Promise<void> => {
    // Nobody would say that it was done; paused, or it would be fetched again and again.
    if (stopping) return group?.pause(batch.topic, batch.partition);
    const handling = handle(batch);
    const finished = handling.then(
      () => undefined,
      () => undefined,
    );
    inHand.add(finished);
    await handling.finally(() => inHand.delete(finished));
  };
  const commit = async (): Promise<void> => {
    if (done.size === 0 || group === null) return;
    const offsets = [...done.values()];
    done.clear();
    failpoint('before_offset_commit');
    try {
      await group.commit(offsets);
    } catch {
      // Membership was lost: the next owner delivers these again, as at-least-once says.
    }
  };
  // Before the client joins anew, and after its batches in hand: the group still takes it.
  group = await join({ ...options, onBatch, onRebalancing: () => void commit() });
  const started = group;
  // Not per batch: an answer would wait for the commit of the one before it.
  const committing = setInterval(() => {
    if (started.joined()) void commit();
  }, commitMs);
  return {
    stop: async () => {
      stopping = true;
      clearInterval(committing);
      for (const timer of timers) clearTimeout(timer);
      await within(finishMsMax, Promise.all(inHand));
      await within(finishMsMax, commit());
      await started.stop();
    },
    healthy: started.healthy,
    joined: started.joined,
  };
}
