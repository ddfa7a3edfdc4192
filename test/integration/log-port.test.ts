import { randomUUID } from 'node:crypto';
import { afterAll, inject } from 'vitest';

import { openAdmin } from '../../lib/kafka/admin.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import { startGroupConsumer } from '../../lib/kafka/group-consumer.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { type LogPort, logConformance } from '../../lib/stream/log.conformance.ts';

const kafka = {
  brokers: inject('kafkaBrokers').split(','),
  clientId: 'log-port',
  sessionTimeoutMs: 6_000,
};
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});
const admin = await openAdmin(kafka);
const outbox = await openOutbox(kafka);
const deleting = kafkaClient(kafka).admin();
await deleting.connect();
closers.push(
  () => admin.close(),
  () => outbox.close(),
  () => deleting.disconnect(),
);

logConformance('on a broker', async (): Promise<LogPort> => {
  const id = `log-port-${randomUUID().slice(0, 8)}`;
  await admin.createTopics([{ topic: id, partitions: 2, configs: {} }]);
  return {
    topic: id,
    groupId: id,
    admin,
    send: (messages) => outbox.send(messages),
    join: (options) =>
      startGroupConsumer({ ...options, kafka, groupId: id, topics: [id], maxWaitMs: 50 }),
    trim: async (partition, low) => {
      // The client deletes records only of topics that it has just heard of.
      await deleting.fetchTopicOffsets(id);
      const partitions = [{ partition, offset: `${low}` }];
      await deleting.deleteTopicRecords({ topic: id, partitions });
    },
  };
});
