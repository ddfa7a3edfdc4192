import { afterEach, expect, test, vi } from 'vitest';

import { RetryableError } from '../errors.ts';
import { type RecordBatch, startBatchConsumer } from './batch-consumer.ts';
import { type InFlight, inFlightMax } from './course.ts';
import type { FetchedBatch, GroupConsumer, GroupOptions } from './group-consumer.ts';

const topic = 'requests';

afterEach(() => vi.useRealTimers());

/** A group told by the test what is fetched, and where it was asked to go on. */
class FakeGroup {
  readonly acts: string[] = [];
  readonly committed: number[] = [];
  options: GroupOptions | null = null;
  position = 0;
  away = false;

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
        if (this.away) throw new Error('no coordinator');
      },
      stop: async () => void this.acts.push('stop'),
      joined: () => true,
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

interface Sent extends PromiseWithResolvers<void> {
  readonly batch: RecordBatch;
}

const started = async () => {
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

const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(600);

test('batches follow one another, and what is committed has nothing open before it', async () => {
  const { group, sent, offsets } = await started();
  await group.deliver(2);
  await group.deliver(3);
  expect(offsets()).toEqual([0, 2]);
  sent[1]?.resolve();
  await soon();
  expect(group.committed).toEqual([]);
  sent[0]?.resolve();
  await soon();
  expect(group.committed).toEqual([5]);
  await soon();
  expect(group.committed).toEqual([5]);
});

test('so many are under way at once, and no more', async () => {
  const { group, sent } = await started();
  for (let n = 0; n < inFlightMax; n += 1) await group.deliver(1);
  const next = group.deliver(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toHaveLength(inFlightMax);
  sent[0]?.resolve();
  await next;
  expect(sent).toHaveLength(inFlightMax + 1);
});

test('after a failure it begins anew at the first record that is not done, in a later course', async () => {
  const { group, sent, offsets } = await started();
  for (let n = 0; n < 3; n += 1) await group.deliver(1);
  sent[0]?.resolve();
  sent[1]?.reject(new RetryableError('away'));
  await vi.advanceTimersByTimeAsync(0);
  expect(group.acts).toEqual(['pause']);
  await group.deliver(1);
  expect(sent).toHaveLength(3);
  sent[2]?.resolve();
  await soon();
  expect(group.acts).toEqual(['pause', 'seek 1', 'resume']);
  expect(group.committed).toEqual([1]);
  await group.deliver(2);
  expect(offsets()).toEqual([0, 1, 2, 1]);
  expect(sent[3]?.batch.course).toBeGreaterThan(sent[0]?.batch.course ?? Infinity);
});

test('a bug under way ends it', async () => {
  const { group, sent, onFatal } = await started();
  await group.deliver(1);
  sent[0]?.reject(new TypeError('x is not a function'));
  await vi.advanceTimersByTimeAsync(0);
  expect(onFatal).toHaveBeenCalledOnce();
});

test('a partition that stays where others go begins anew at what is not done', async () => {
  const { group, sent, offsets } = await started();
  await group.deliver(1);
  await group.deliver(2);
  sent[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  void group.options?.beforeJoin?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(group.committed).toEqual([1]);
  group.options?.onAssigned?.(new Map([[topic, [0]]]));
  expect(group.acts).toEqual(['seek 1']);
  sent[1]?.reject(new RetryableError('away'));
  await soon();
  expect(group.acts).toEqual(['seek 1']);
  await group.deliver(2);
  expect(offsets()).toEqual([0, 1, 1]);
});

test('before the group is joined anew what is under way lands, and is committed', async () => {
  const { group, sent } = await started();
  await group.deliver(1);
  await group.deliver(2);
  sent[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  const settled = vi.fn<() => void>();
  void group.options?.beforeJoin?.().then(settled);
  await vi.advanceTimersByTimeAsync(0);
  // Should the rest take too long, this much is known.
  expect(group.committed).toEqual([1]);
  expect(settled).not.toHaveBeenCalled();
  sent[1]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(group.committed).toEqual([1, 3]);
  expect(settled).toHaveBeenCalledOnce();
});

test('a batch that was in hand while partitions were given out does not move the client', async () => {
  const group = new FakeGroup();
  const reading = Promise.withResolvers<void>();
  await startBatchConsumer(
    {
      kafka: { brokers: [], clientId: 'test' },
      groupId: 'g',
      topics: [topic],
      fromBeginning: true,
      onBatch: () => reading.promise,
      onFatal: () => undefined,
    },
    group.join,
  );
  const inHand = group.deliver(3);
  await Promise.resolve();
  group.options?.onAssigned?.(new Map([[topic, [0]]]));
  expect(group.acts).toEqual(['seek 0']);
  reading.resolve();
  await inHand;
  expect(group.position).toBe(0);
});

test('one that failed just before partitions were given out is not left paused', async () => {
  const { group, sent } = await started();
  await group.deliver(1);
  sent[0]?.reject(new RetryableError('away'));
  await vi.advanceTimersByTimeAsync(0);
  group.options?.onAssigned?.(new Map([[topic, [0]]]));
  await soon();
  expect(group.acts).toEqual(['pause', 'seek 0', 'resume']);
});

test('who stops takes no other batch', async () => {
  const { group, sent, consumer } = await started();
  await group.deliver(1);
  const stopping = consumer.stop();
  await group.deliver(1);
  expect(sent).toHaveLength(1);
  expect(group.acts).toEqual(['pause']);
  sent[0]?.resolve();
  await stopping;
});

test('what is under way lands before it stops, and is committed', async () => {
  const { group, sent, consumer } = await started();
  await group.deliver(1);
  const stopping = consumer.stop();
  await vi.advanceTimersByTimeAsync(0);
  expect(group.acts).toEqual([]);
  sent[0]?.resolve();
  await stopping;
  expect(group.acts).toEqual(['stop']);
  expect(group.committed).toEqual([1]);
});

test('what the group did not take is said again, but not after others may have the partition', async () => {
  const { group, sent } = await started();
  await group.deliver(1);
  sent[0]?.resolve();
  group.away = true;
  await soon();
  await soon();
  expect(group.committed).toEqual([1, 1]);
  group.options?.onAssigned?.(new Map());
  await soon();
  expect(group.committed).toEqual([1, 1]);
});
