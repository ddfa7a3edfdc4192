/**
 * Makes load at a fixed rate, whatever the answers do (open loop): each request has a moment at
 * which it is due, and its time counts from there, also when the generator or the broker was held
 * up. So a stall shows in the figures of every request that it delayed.
 */
import { plainRequest } from '../../schemas/plain-request.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { startGroupConsumer } from '../../lib/kafka/group-consumer.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { randomOf } from '../micro/synthetic.ts';
import { eventsOf, worldOf } from '../synthetic.ts';
import { Answers } from './answers.ts';
import { echoAnswersTopic, echoRequestsTopic, type Job, type Service } from './jobs.ts';
import { serveJobs, setupOf } from './load-process.ts';

const setup = setupOf();
const { prefix, partitions } = setup;
const kafka = { brokers: setup.brokers, clientId: 'bench.generator' };
const registry = openRegistry({ url: setup.registryUrl, timeoutMs: 5_000 });
const world = worldOf(setup.users, setup.items);
const outbox = await openOutbox(kafka);
const random = randomOf(21);
const requestsTopic = topicName(prefix, requests);
const eventsTopic = topicName(prefix, userEvents);
const encodeRequest = await openEncoder<Request>(registry, `${requestsTopic}-value`, requestSchema);
const encodeEvent = await openEncoder<UserEvent>(registry, `${eventsTopic}-value`, userEventSchema);

const topicsOf: Readonly<Record<Service, { requests: string; answers: string }>> = {
  answers: { requests: requestsTopic, answers: topicName(prefix, recommendations) },
  echo: { requests: echoRequestsTopic(prefix), answers: echoAnswersTopic(prefix) },
};
const answers: Readonly<Record<Service, Answers>> = { answers: new Answers(), echo: new Answers() };

/** One consumer per topic of answers, alike, so that both are read the same way. */
async function listen(service: Service): Promise<void> {
  const group = await startGroupConsumer({
    kafka,
    groupId: `bench.generator.${service}`,
    topics: [topicsOf[service].answers],
    onBatch: async ({ records, resolve }) => {
      const atMs = monotonicMs();
      for (const { headers, offset } of records) {
        const correlation = headers['correlation-id'];
        if (correlation !== undefined) answers[service].take(correlation.toString(), atMs);
        resolve(offset);
      }
    },
    onFatal: (error) => {
      console.error(error);
      process.exit(1);
    },
  });
  while (!group.joined()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const requestOf = (service: Service, correlation: string): OutMessage => {
  const userId = world.users[Math.floor(random() * world.users.length)] ?? '';
  const value = encodeRequest(plainRequest(userId, setup.context));
  return {
    topic: topicsOf[service].requests,
    partition: partitionOf(userId, partitions),
    key: userId,
    value,
    headers: { 'correlation-id': correlation },
  };
};

/** Sends `count` messages at their due moments; what is due while a send is on goes with the next. */
async function pace(
  { startMs, rate, count }: { startMs: number; rate: number; count: number },
  messageOf: (n: number) => OutMessage,
): Promise<void> {
  for (let next = 0; next < count; ) {
    const due = Math.min(count, Math.floor(((monotonicMs() - startMs) * rate) / 1_000) + 1);
    const messages: OutMessage[] = [];
    for (; next < due; next++) messages.push(messageOf(next));
    if (messages.length > 0) await outbox.send(messages);
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function sendEvents(job: Extract<Job, { kind: 'events' }>): Promise<{ sent: number }> {
  const count = Math.round(job.seconds * job.rate);
  const atMs = now();
  const { idPrefix, seed } = job;
  const span = { fromMs: atMs, toMs: atMs + job.seconds * 1_000 };
  const events = eventsOf({ world, count, seed, idPrefix, ...span });
  await pace({ startMs: monotonicMs(), rate: job.rate, count }, () => {
    const event = events.next().value as UserEvent;
    const key = event.user_id;
    const partition = partitionOf(key, partitions);
    return { topic: eventsTopic, partition, key, value: encodeEvent(event) };
  });
  return { sent: count };
}

const answerMsMax = 10_000;

async function sendRequests(job: Extract<Job, { kind: 'requests' }>): Promise<null> {
  const { service, rate } = job;
  const count = Math.round(job.seconds * rate);
  const startMs = monotonicMs();
  const awaited = answers[service];
  awaited.begin({ startMs, rate, count, counts: job.counts });
  await pace({ startMs, rate, count }, (n) => requestOf(service, awaited.nameOf(n)));
  await awaited.complete(answerMsMax);
  return null;
}

await Promise.all([listen('answers'), listen('echo')]);
serveJobs<Job>(async (job) => {
  if (job.kind === 'events') return sendEvents(job);
  if (job.kind === 'requests') return sendRequests(job);
  if (job.kind === 'forget') return answers[job.service].forget();
  return answers[job.service].figures();
});
