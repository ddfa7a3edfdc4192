import type { Consumer, EachBatchPayload } from 'kafkajs';

import { monotonicMs } from '../clock.ts';
import { messageOf, RetryableError } from '../errors.ts';
import { copartitioned } from './assigner.ts';
import { beforeJoin } from './before-join.ts';
import { within } from '../deadline.ts';
import { kafkaClient, type KafkaConfig } from './client.ts';
import { isAway, kafkaFault } from './faults.ts';
import type { FetchedBatch } from './fetched-batch.ts';
import { logRecord } from './log-record.ts';

export type { FetchedBatch };

export interface GroupOptions {
  readonly kafka: KafkaConfig;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly maxWaitMs?: number;
  readonly bytesPerPartitionMax?: number;
  readonly concurrency?: number;
  /**
   * Called in the very moment of joining, with every assigned partition already paused when
   * `pauseOnJoin`: nothing is delivered until somebody resumes it.
   */
  readonly onAssigned?: (assigned: ReadonlyMap<string, readonly number[]>) => void;
  readonly pauseOnJoin?: boolean;
  /**
   * Awaited (for half a session, or 5 s) before a member joins its group anew: what is committed by
   * then counts for the next owner. No batch comes meanwhile, unless partitions have new leaders.
   */
  readonly beforeJoin?: () => Promise<void>;
  /** Must settle faults itself: whatever it throws is taken for a bug and ends the consumer. */
  readonly onBatch: (batch: FetchedBatch) => Promise<void>;
  /** A fetch that held nothing but marks and aborted records is no batch: where it ended. */
  readonly onPassedOver?: (topic: string, partition: number, last: number) => void;
  readonly onFatal: (error: Error) => void;
}

export interface GroupConsumer {
  seek(topic: string, partition: number, offset: number): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  commit(offsets: readonly { topic: string; partition: number; offset: number }[]): Promise<void>;
  stop(): Promise<void>;
  joined(): boolean;
  healthy(): string | null;
}

const sessionTimeoutMs = 10_000;
const stopMsMax = 8_000;
const beginAgainMs = 1_000;
/** So that a member which nobody hears says so within half a minute, whenever it is asked. */
const silenceMsMax = 25_000;

/** What a group says about itself while it runs. */
interface Pulse {
  closing: boolean;
  joined: boolean;
  /** Of some generation: what it commits may count. */
  member: boolean;
  lastSeenMs: number;
  /** Why it is not consuming just now; null: it is, or nobody knows. */
  trouble: string | null;
}

export async function startGroupConsumer(options: GroupOptions): Promise<GroupConsumer> {
  const group = new Group(options);
  await group.begin();
  return group.handle();
}

/**
 * One consumer of the client after the other: a new one in the place of one that the client has
 * given up, for as long as brokers are away. The client itself begins again after most faults.
 */
class Group {
  readonly #options: GroupOptions;
  readonly #pulse: Pulse = {
    closing: false,
    joined: false,
    member: false,
    lastSeenMs: monotonicMs(),
    trouble: null,
  };
  #consumer: Consumer | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const options = this.#options;
    const pulse = this.#pulse;
    const consumer = consumerOf(options, pulse);
    this.#consumer = consumer;
    watch(consumer, options, pulse);
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      pulse.joined = false;
      pulse.member = false;
      if (!payload.restart && !pulse.closing) void this.#crashed(payload.error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
      if (!pulse.closing) await this.#run(consumer);
    } catch (error) {
      await within(stopMsMax, consumer.disconnect());
      throw kafkaFault(error, `joining ${options.groupId}`);
    }
    if (pulse.closing) await within(stopMsMax, consumer.disconnect());
  }

  #run(consumer: Consumer): Promise<void> {
    return consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.concurrency ?? 8,
      eachBatch: (payload) => deliver(payload, this.#options, this.#pulse),
    });
  }

  async #crashed(error: Error): Promise<void> {
    const { groupId, onFatal } = this.#options;
    let fault = kafkaFault(error, `consuming as ${groupId}`);
    if (!isAway(error)) return onFatal(fault);
    while (fault instanceof RetryableError && !this.#pulse.closing) {
      this.#pulse.trouble = fault.message;
      await new Promise((resolve) => setTimeout(resolve, beginAgainMs));
      if (this.#pulse.closing) return;
      try {
        await this.begin();
        return;
      } catch (again) {
        fault = again as Error;
      }
    }
    if (!this.#pulse.closing) onFatal(fault);
  }

  handle(): GroupConsumer {
    const { groupId } = this.#options;
    const pulse = this.#pulse;
    const on = (act: (consumer: Consumer) => void): void => {
      const consumer = this.#consumer;
      if (consumer !== null) onGroup(() => act(consumer));
    };
    return {
      seek: (topic, partition, offset) =>
        on((consumer) => consumer.seek({ topic, partition, offset: String(offset) })),
      pause: (topic, partition) =>
        on((consumer) => consumer.pause([{ topic, partitions: [partition] }])),
      resume: (topic, partition) =>
        on((consumer) => consumer.resume([{ topic, partitions: [partition] }])),
      commit: async (offsets) =>
        this.#consumer?.commitOffsets(
          offsets.map(({ topic, partition, offset }) => ({
            topic,
            partition,
            offset: `${offset}`,
          })),
        ),
      stop: () => (this.#stopping ??= this.#stop()),
      joined: () => pulse.joined,
      healthy: () => {
        if (monotonicMs() - pulse.lastSeenMs <= silenceMsMax) return null;
        const why = pulse.trouble === null ? '' : ` (${pulse.trouble})`;
        return `${groupId}: no fetch and no heartbeat for over ${silenceMsMax / 1000} s${why}`;
      },
    };
  }

  async #stop(): Promise<void> {
    this.#pulse.closing = true;
    const consumer = this.#consumer;
    if (consumer === null) return;
    await within(stopMsMax, consumer.stop());
    await within(stopMsMax, consumer.disconnect());
  }
}

function consumerOf(options: GroupOptions, pulse: Pulse): Consumer {
  const session = options.kafka.sessionTimeoutMs ?? sessionTimeoutMs;
  const finished = async (): Promise<void> => {
    if (pulse.member && !pulse.closing) await options.beforeJoin?.();
  };
  return kafkaClient(options.kafka).consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    partitionAssigners: [beforeJoin(copartitioned, session, finished)],
    sessionTimeout: session,
    rebalanceTimeout: Math.max(10_000, session),
    heartbeatInterval: Math.floor(session / 4),
    metadataMaxAge: 60_000,
    minBytes: 1,
    maxBytes: 32 * 1024 * 1024,
    maxBytesPerPartition: options.bytesPerPartitionMax ?? 1024 * 1024,
    maxWaitTimeInMs: options.maxWaitMs ?? 250,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 2_000,
      retries: 10,
      // A consumer that restarts while it is being stopped would go on for ever.
      restartOnFailure: async () => !pulse.closing,
    },
  });
}

function watch(consumer: Consumer, options: GroupOptions, pulse: Pulse): void {
  const { events } = consumer;
  const seen = (): void => {
    pulse.lastSeenMs = monotonicMs();
  };
  consumer.on(events.FETCH, seen);
  consumer.on(events.HEARTBEAT, seen);
  consumer.on(
    events.END_BATCH_PROCESS,
    ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      if (batchSize === 0) options.onPassedOver?.(topic, partition, Number(lastOffset));
    },
  );
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    seen();
    const assigned = new Map(Object.entries(payload.memberAssignment));
    if (options.pauseOnJoin === true) {
      for (const [topic, partitions] of assigned) consumer.pause([{ topic, partitions }]);
    }
    pulse.joined = true;
    pulse.member = true;
    pulse.trouble = null;
    options.onAssigned?.(assigned);
  });
  // Not before every join: one that fails may leave the client a member as before.
  consumer.on(events.REBALANCING, () => {
    pulse.joined = false;
  });
}

/** The client keeps it and does not declare it. */
const fetchedFrom = (batch: EachBatchPayload['batch'] & { fetchedOffset?: string }): number =>
  Number(batch.fetchedOffset ?? batch.firstOffset());

async function deliver(
  payload: EachBatchPayload,
  options: GroupOptions,
  pulse: Pulse,
): Promise<void> {
  const { batch, isRunning, isStale } = payload;
  const { topic, partition } = batch;
  const stale = (): boolean => pulse.closing || !isRunning() || isStale();
  if (stale()) return;
  let lost: Error | null = null;
  const fetched: FetchedBatch = {
    topic,
    partition,
    highWatermark: Number(batch.highWatermark),
    from: fetchedFrom(batch),
    last: Number(batch.lastOffset()),
    records: batch.messages.map((message) => logRecord(topic, partition, message)),
    heartbeat: async () => {
      try {
        await payload.heartbeat();
        pulse.lastSeenMs = monotonicMs();
      } catch (error) {
        lost = error as Error;
        throw new RetryableError(`membership lost: ${messageOf(error)}`, { cause: error });
      }
    },
    resolve: (offset) => {
      try {
        payload.resolveOffset(String(offset));
      } catch {
        // The partition was taken away in the meantime (tulios/kafkajs #1366): the new owner
        // starts from Redis, so there is nothing to remember here.
      }
    },
    stale,
  };
  try {
    await options.onBatch(fetched);
  } catch (error) {
    const bug = error instanceof Error ? error : new Error(messageOf(error));
    options.onFatal(bug);
  }
  // The client rejoins only when its own error comes back to it.
  if (lost !== null) throw lost as Error;
}

/**
 * While the client starts again after a fault of its own it has no group to act on, and says so by
 * throwing. Nothing is lost: joining comes again, with everything paused, and `onAssigned`.
 */
function onGroup(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!messageOf(error).includes('was not initialized')) throw error;
  }
}
