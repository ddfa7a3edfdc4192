import { randomUUID } from 'node:crypto';
import { afterAll, expect, inject, test, vi } from 'vitest';

import { within } from '../../lib/deadline.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { type BatchConsumer, startBatchConsumer } from '../../lib/kafka/batch-consumer.ts';
import type { InFlight } from '../../lib/kafka/course.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';

const kafka = {
  brokers: inject('kafkaBrokers').split(','),
  clientId: 'batch-consumer',
};
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});
const admin = await openAdmin(kafka);
const outbox = await openOutbox(kafka);
closers.push(
  () => admin.close(),
  () => outbox.close(),
);

const waits = { timeout: 30_000, interval: 10 };

test('what is under way when another member comes is not delivered to that one again', async () => {
  const topic = `batches-${randomUUID().slice(0, 8)}`;
  await admin.createTopics([{ topic, partitions: 2, configs: {} }]);
  const delivered: string[] = [];
  const member = async (name: string, sent: Promise<void>): Promise<BatchConsumer> => {
    const consumer = await startBatchConsumer({
      kafka,
      groupId: topic,
      topics: [topic],
      fromBeginning: true,
      maxWaitMs: 50,
      onBatch: async ({ records }): Promise<InFlight> => {
        delivered.push(...records.map(({ value }) => String(value)));
        return { sent };
      },
      onFatal: (error) => void delivered.push(`${name} ended: ${error.message}`),
    });
    closers.push(() => consumer.stop());
    return consumer;
  };
  const send = (round: string): Promise<unknown> =>
    outbox.send(
      [0, 1].map((partition) => ({
        topic,
        partition,
        key: null,
        value: Buffer.from(`${round}${partition}`),
      })),
    );

  const { promise: sent, resolve: land } = Promise.withResolvers<void>();
  const first = await member('first', sent);
  await send('early ');
  await vi.waitFor(() => expect(delivered).toHaveLength(2), waits);
  const joining = member('second', Promise.resolve());
  // The first hears that the group is to be joined anew while both are under way.
  await vi.waitFor(() => expect(first.joined()).toBe(false), waits);
  // It joins when they are done: until then nobody does, for half a session.
  expect(await within(1_000, joining)).toBe('late');
  land();
  await joining;
  await vi.waitFor(() => expect(first.joined()).toBe(true), waits);
  await send('late ');
  await vi.waitFor(() => expect(delivered).toContain('late 0'), waits);
  await vi.waitFor(() => expect(delivered).toContain('late 1'), waits);
  expect(delivered.toSorted()).toEqual(['early 0', 'early 1', 'late 0', 'late 1']);
});
