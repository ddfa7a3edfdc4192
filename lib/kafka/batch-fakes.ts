import { vi } from 'vitest';

import { type RecordBatch, startBatchConsumer } from './batch-consumer.ts';
import type { InFlight } from './course.ts';
import type { FetchedBatch, GroupConsumer, GroupOptions } from './group-consumer.ts';

export const topic = 'requests';

/** A group told by the test what is fetched, and where it was asked to go on. */
export class FakeGroup {
  readonly acts: string[] = [];
  readonly committed: number[] = [];
  options: GroupOptions | null = null;
  position = 0;
  away = false;
  isJoined = true;
  /** What a commit waits for. */
  answered: Promise<void> = Promise.resolve();

  readonly join = async (options: GroupOptions): Promise<GroupConsumer> => {
    this.options = options;
    options.onAssigned?.(new Map([[topic, [0]]]));
    return {
      seek: (_topic, _partition, offset) => {
        this.acts.push(`seek ${offset}`);
        this.position = offset;
      },
      pause: () => void this.acts.push('pause'),
      resume: () => void this.acts.push('resume'),
      commit: async (offsets) => {
        this.committed.push(...offsets.map(({ offset }) => offset));
        await this.answered;
        if (this.away) throw new Error('no coordinator');
      },
      stop: async () => void this.acts.push('stop'),
      joined: () => this.isJoined,
      healthy: () => null,
    };
  };

  /** Delivers so many records from where the partition stands. */
  async deliver(records: number): Promise<void> {
    const from = this.position;
    const batch: FetchedBatch = {
      topic,
      partition: 0,
      highWatermark: 1_000,
      last: 0,
      from,
      records: Array.from({ length: records }, (_, n) => ({
        topic,
        partition: 0,
        offset: from + n,
        timestampMs: 0,
        key: null,
        value: null,
        headers: {},
      })),
      heartbeat: async () => undefined,
      resolve: (offset) => void (this.position = offset + 1),
      stale: () => false,
    };
    await this.options?.onBatch(batch);
  }
}

export interface Sent extends PromiseWithResolvers<void> {
  readonly batch: RecordBatch;
}

export const started = async () => {
  vi.useFakeTimers();
  const group = new FakeGroup();
  const sent: Sent[] = [];
  const onFatal = vi.fn<(error: Error) => void>();
  const consumer = await startBatchConsumer(
    {
      kafka: { brokers: [], clientId: 'test' },
      groupId: 'g',
      topics: [topic],
      fromBeginning: true,
      onBatch: async (batch): Promise<InFlight> => {
        const one = { ...Promise.withResolvers<void>(), batch };
        sent.push(one);
        return { sent: one.promise };
      },
      onFatal,
    },
    group.join,
  );
  const offsets = (): number[] => sent.map(({ batch }) => batch.records[0]?.offset ?? -1);
  return { group, sent, offsets, consumer, onFatal };
};

export const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(600);
