/**
 * A bare echo over Kafka: what request and answer cost when nothing is done in between. It sends
 * as well as this client can: one produce call in flight, all that came meanwhile in the next.
 */
import { startGroupConsumer } from '../../lib/kafka/group-consumer.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { echoAnswersTopic, echoRequestsTopic } from './jobs.ts';
import { serveJobs, setupOf } from './load-process.ts';

const { brokers, prefix } = setupOf();
const kafka = { brokers, clientId: 'bench.echo' };
const outbox = await openOutbox(kafka);
const topic = echoAnswersTopic(prefix);

let waiting: OutMessage[] = [];
let sending: Promise<void> | null = null;

async function sendAll(): Promise<void> {
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await outbox.send(batch);
  }
  sending = null;
}

const fail = (error: unknown): void => {
  console.error(error);
  process.exit(1);
};

const group = await startGroupConsumer({
  kafka,
  groupId: 'bench.echo',
  topics: [echoRequestsTopic(prefix)],
  onBatch: async ({ partition, records, resolve }) => {
    for (const { key, value, headers, offset } of records) {
      const correlation = headers['correlation-id'];
      const carried = correlation === undefined ? {} : { 'correlation-id': correlation };
      waiting.push({ topic, partition, key, value, headers: carried });
      resolve(offset);
    }
    sending ??= sendAll().catch(fail);
    await sending;
  },
  onFatal: fail,
});
while (!group.joined()) await new Promise((resolve) => setTimeout(resolve, 20));
serveJobs(() => Promise.resolve(null));
