import { afterEach, expect, test, vi } from 'vitest';

import { RetryableError } from '../errors.ts';
import { startBatchConsumer } from './batch-consumer.ts';
import { FakeGroup, soon, started, topic } from './batch-fakes.ts';
import { inFlightMax } from './course.ts';

afterEach(() => vi.useRealTimers());

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
