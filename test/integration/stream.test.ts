import type { Message } from 'kafkajs';
import { describe, expect, test, vi } from 'vitest';

import { kafkaClient } from '../../lib/kafka/client.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { followTable } from '../../lib/kafka/table.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import {
  admin,
  caughtUp,
  closers,
  expectFolded,
  kafka,
  lateOwner,
  messagesOf,
  own,
  partitions,
  publish,
  recordsOf,
  settled,
  topic,
} from '../support/counting-owners.ts';

describe('an owner', () => {
  test('folds what is there and what comes, repeats included, and goes on after a restart', async () => {
    await publish(300);
    const first = await own();
    await caughtUp();
    await publish(100);
    await caughtUp();
    await first.stop();
    await publish(200);
    const second = await own({ cacheBytesMax: 100_000 });
    await caughtUp();
    await expectFolded();
    expect([first.fatal, second.fatal]).toEqual([[], []]);
  });

  test('that hangs past its session is overtaken, comes back, and nothing is folded twice', async () => {
    await publish(300);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let hangs = 0;
    const zombie = await own({
      cacheBytesMax: 100_000,
      prepare: () => {
        hangs += 1;
        // After the first slice, so that it has a cache that will be too old.
        return hangs > 2 ? gate : Promise.resolve();
      },
    });
    await vi.waitFor(() => expect(hangs).toBeGreaterThan(2), settled);
    const heir = await own();
    await caughtUp();
    open();
    await publish(100);
    await caughtUp();
    await expectFolded();
    expect([zombie.fatal, heir.fatal]).toEqual([[], []]);
  });

  test('that was overtaken before its read emits nothing, between read and commit changes nothing', async () => {
    await publish(200);
    const sent: (readonly OutMessage[])[] = [];
    const early = await lateOwner(async (messages) => void sent.push(messages));
    const outbox = await openOutbox(kafka());
    closers.push(() => outbox.close());
    const late = await lateOwner(async (messages) => {
      await own();
      await caughtUp();
      // Now its own emissions, which all are repeats.
      await outbox.send(messages);
    });
    const log = (await recordsOf(topic())).filter(({ partition }) => partition === 0);
    expect((await late.slice(log)).kind).toBe('restart');
    expect((await early.slice(log)).kind).toBe('restart');
    expect(sent).toEqual([]);
    await expectFolded();
  });

  test('shares partitions with a second one, which takes all when it leaves', async () => {
    await publish(100);
    const first = await own();
    const second = await own();
    await publish(100);
    await caughtUp();
    await first.stop();
    await publish(100);
    await caughtUp();
    await expectFolded();
    expect(second.service.ready()).toBeNull();
  });

  test('passes over the marks and aborted records of transactions, and goes on after them', async () => {
    const producer = kafkaClient(kafka()).producer({
      transactionalId: kafka().clientId,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    closers.push(() => producer.disconnect());
    await producer.connect();
    const length = async (): Promise<number> =>
      (await admin.topicOffsets(topic())).reduce((sum, { high }) => sum + high, 0);
    const transact = async (how: 'commit' | 'abort', messages: readonly Message[]) => {
      const before = await length();
      const transaction = await producer.transaction();
      await transaction.send({ topic: topic(), messages: [...messages] });
      await transaction[how]();
      // The end is acknowledged before the brokers have written its mark to every partition.
      const marked = before + messages.length + partitions;
      await vi.waitFor(async () => expect(await length()).toBe(marked), settled);
    };
    await transact('commit', messagesOf(40));
    const first = await own();
    await caughtUp(1);
    await transact('abort', messagesOf(40));
    await transact('commit', messagesOf(40));
    await caughtUp(1);
    await first.stop();
    const second = await own();
    await transact('commit', messagesOf(40));
    await caughtUp(1);
    await expectFolded();
    expect([first.fatal, second.fatal]).toEqual([[], []]);
    await expectReadWhole();
    await transact('abort', messagesOf(40));
    await expectReadWhole();
  });
});

/** As serving reads items: to the end, though what stands there is a transaction's mark. */
async function expectReadWhole(): Promise<void> {
  const table = await followTable({
    kafka: kafka(),
    topics: [topic()],
    onRecord: () => undefined,
    onFatal: (error) => closers.push(() => Promise.reject(error)),
  });
  closers.push(() => table.stop());
  await table.ready;
  const ends = (await admin.topicOffsets(topic())).map(({ high }) => high);
  expect(table.offsets(topic())).toEqual(ends);
}
