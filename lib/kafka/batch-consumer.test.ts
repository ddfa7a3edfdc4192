import { beforeEach, expect, test, vi } from 'vitest';

import { type BatchConsumer, startBatchConsumer } from './batch-consumer.ts';
import type { FetchedBatch, GroupConsumer, GroupOptions } from './group-consumer.ts';

type Committed = Parameters<GroupConsumer['commit']>[0];

/** A group that says what it was asked for, and in which order. */
class FakeGroup {
  readonly said: string[] = [];
  options: GroupOptions | null = null;
  readonly handle: GroupConsumer = {
    seek: () => undefined,
    pause: (_, partition) => void this.said.push(`pause ${partition}`),
    resume: (_, partition) => void this.said.push(`resume ${partition}`),
    commit: async (offsets: Committed) =>
      void this.said.push(
        `commit ${offsets.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`,
      ),
    stop: async () => void this.said.push('stop'),
    joined: () => true,
    healthy: () => null,
  };

  deliver(partition: number, offset: number): Promise<void> {
    const batch = { topic: 't', partition, records: [{ offset }], resolve: () => undefined };
    return this.options?.onBatch(batch as unknown as FetchedBatch) ?? Promise.resolve();
  }
}

let group: FakeGroup;
let finish: (() => void)[];
beforeEach(() => {
  group = new FakeGroup();
  finish = [];
});

const started = (): Promise<BatchConsumer> =>
  startBatchConsumer(
    {
      kafka: { brokers: ['h:1'], clientId: 'c' },
      groupId: 'g',
      topics: ['t'],
      fromBeginning: true,
      onBatch: () => new Promise((resolve) => finish.push(resolve)),
      onFatal: vi.fn<(error: Error) => void>(),
    },
    async (options) => {
      group.options = options;
      return group.handle;
    },
  );

test('who stops says of the batch in hand that it was done, and takes no other', async () => {
  const consumer = await started();
  const inHand = group.deliver(0, 7);
  const stopped = consumer.stop();
  await group.deliver(1, 3);
  expect(finish).toHaveLength(1);
  finish[0]?.();
  await Promise.all([inHand, stopped]);
  expect(group.said).toEqual(['pause 1', 'commit 0:8', 'stop']);
});

test('what was done is said before others are given the partition', async () => {
  const consumer = await started();
  const first = group.deliver(2, 4);
  finish[0]?.();
  await first;
  group.options?.onRebalancing?.();
  expect(group.said).toEqual(['commit 2:5']);
  await consumer.stop();
  expect(group.said).toEqual(['commit 2:5', 'stop']);
});
