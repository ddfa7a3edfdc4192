import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { readCatalogue } from '../../cli/data/definitions.ts';
import type { VerifyReport } from '../../cli/verify/verify.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { currentKey, readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import {
  type Recommendation,
  recommendationSchema,
} from '../../schemas/generated/recommendation.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** `verify` is what every other proof rests on, so each kind of damage is done to it once. */
let pipeline: Pipeline;
const redis = new Redis(inject('redisUrl'));
const prefix = `verify-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  const addresses = {
    kafkaBrokers: inject('kafkaBrokers'),
    registryUrl: inject('registryUrl'),
    redisUrl: inject('redisUrl'),
  };
  pipeline = await openPipeline(addresses, prefix);
  const events = someEvents(400, 7);
  await pipeline.publish([...events, ...events.slice(0, 20)]);
  await pipeline.publishRaw([
    { topic: pipeline.userEvents, partition: 0, key: 'x', value: Buffer.from('poison') },
    {
      topic: pipeline.userEvents,
      partition: 0,
      key: 'x',
      value: Buffer.from([0, 0x7f, 0, 0, 0, 2]),
    },
  ]);
  const services = await pipeline.run(folding);
  await pipeline.caughtUp();
  await services.stop();
});

afterAll(async () => {
  await pipeline.close();
  redis.disconnect();
});

const keysOf = async (fold: string) => {
  const current = await readCurrent(pipeline.bed.redis, prefix, fold);
  if (current === null) throw new Error(`${fold} has no state`);
  const keys = foldKeys(current);
  return {
    ...keys,
    of: (key: string) => keys.row(partitionOf(key, current.partitions), key),
  };
};

const service = (report: VerifyReport, name: string) =>
  report.services.find((own) => own.service.startsWith(name));

/** What a report says of a service, as text. */
const found = (report: VerifyReport, name: string): string =>
  JSON.stringify(service(report, name)?.examples ?? []);

test('what nobody touched has no difference, and everything was looked at', async () => {
  const report = await pipeline.verify();
  expect(report.differences).toBe(0);
  expect(report.notes.toSorted()).toEqual([
    'experiments was never started here',
    'external was never started here',
    'served was never started here',
    'weights was never started here',
  ]);
  expect(report.services.map((own) => own.service.split('-')[0])).toEqual([
    'ingest',
    'user',
    'seen',
    'signals',
    'learning:blend',
    'learning:trending',
    'control',
  ]);
  expect(service(report, 'ingest')).toMatchObject({ records: 422, emissions: 400, failures: 2 });
  for (const own of report.services) expect(own.values).toBeGreaterThan(1);
});

test('a changed, a missing and an invented value are found, each in its service', async () => {
  const [seen, features, signals] = await Promise.all(
    ['seen-items', 'user-features', 'signals'].map(keysOf),
  );
  const [ingest, trending] = await Promise.all(
    [
      'ingest',
      (
        await pipeline.bed.redis.scan(`${prefix}:current:learning:trending*`).next()
      ).value?.[0]?.split(':current:')[1] ?? '',
    ].map(keysOf),
  );
  const users = someEvents(400, 7).map(({ user_id }) => user_id ?? '');
  const [user = ''] = users;
  const [item = ''] = someEvents(400, 7).map(({ item_id }) => item_id ?? '');
  const kept = await Promise.all(
    [
      seen?.of(user),
      features?.of(user),
      ingest?.shared(0),
      ingest?.header(0),
      trending?.of(item),
    ].map(async (key = '') => [key, await redis.getBuffer(key)] as const),
  );
  await redis.setrange(seen?.of(user) ?? '', 9, '\u0000');
  await redis.del(features?.of(user) ?? '');
  await redis.set(signals?.of('nobody') ?? '', 'x');
  await redis.setrange(ingest?.shared(0) ?? '', 20, 'x');
  await redis.append(trending?.of(item) ?? '', 'x');
  const report = await pipeline.verify();
  expect(found(report, 'seen-items')).toContain(`${user}","what":"differs from byte`);
  expect(found(report, 'user-features')).toContain(`${user}","what":"is missing`);
  expect(found(report, 'signals')).toContain('nobody","what":"must not be');
  expect(found(report, 'ingest')).toContain('(shared value)');
  expect(found(report, 'learning:trending')).toContain(item);
  expect(report.differences).toBe(5);
  for (const [key, bytes] of kept) if (bytes !== null) await redis.set(key, bytes);
  await redis.del(signals?.of('nobody') ?? '');
  expect((await pipeline.verify()).differences).toBe(0);
});

test('a header that stands elsewhere, or has other marks, is found', async () => {
  const keys = await keysOf('seen-items');
  const header = (await redis.get(keys.header(0))) ?? '';
  const [offsets = '', hash = '', marks = ''] = header.split(' ');
  for (const wrong of [
    `${Number(offsets) - 1} ${hash} ${marks}`,
    `${Number(offsets) + 9} ${hash} ${marks}`,
    `${offsets} 00000000 ${marks}`,
    `${offsets} ${hash} 5`,
  ]) {
    await redis.set(keys.header(0), wrong);
    const report = await pipeline.verify();
    expect([wrong, service(report, 'seen-items')?.differences]).not.toEqual([wrong, 0]);
  }
  await redis.set(keys.header(0), header);
});

test('state that was folded and is gone is a difference: a partition of it, or all', async () => {
  const features = await keysOf('user-features');
  const lost = [
    features.header(1),
    ...['control', 'ingest', 'signals'].map((name) => currentKey(prefix, name)),
  ];
  const kept = await Promise.all(lost.map(async (key) => [key, (await redis.get(key)) ?? '']));
  await redis.del(lost);
  const { notes } = await pipeline.verify();
  const said = notes.filter((note) => note.includes('NOT verified')).join('\n');
  expect(said).toMatch(
    /^user-features .* in partition 1: .* state was lost\. `npx freshet rebuild/m,
  );
  expect(said).toMatch(/^ingest .* in partition 0, 1, 2, 3: .* state was lost/m);
  expect(said).toMatch(/^signals .* in partition 0, 1: .* state was lost/m);
  expect(said).toMatch(/^control .* in partition 0: .* state was lost/m);
  for (const [key = '', value = ''] of kept) await redis.set(key, value);
  expect((await pipeline.verify()).differences).toBe(0);
});

const nameOf = (topic: Topic): string => topicName(prefix, topic);

async function recordsOf(topic: Topic): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  const { kafka } = pipeline.bed.config;
  for await (const records of readLog({ kafka, topic: nameOf(topic) })) all.push(...records);
  return all;
}

/** Sends again what was found on a topic, changed or not. */
async function sendAgain(record: LogRecord | undefined, change: Partial<LogRecord> = {}) {
  if (record === undefined) throw new Error('there is no such record');
  const { topic, partition, key, value } = { ...record, ...change };
  await pipeline.publishRaw([{ topic, partition, key, value }]);
}

test('an answer that breaks a rule is found', async () => {
  const { config, registry } = pipeline.bed;
  const encode = await openEncoder<Recommendation>(
    registry,
    `${nameOf(recommendations)}-value`,
    recommendationSchema,
  );
  const context = (await readCatalogue(config)).contexts.get('home-feed');
  const purchase = someEvents(400, 7).find(({ type }) => type === 'purchase');
  const user = purchase?.user_id ?? '';
  const partition = partitionOf(user, config.partitions);
  const header = (await redis.get((await keysOf('seen-items')).header(partition))) ?? '';
  const answer: Recommendation = {
    ...(recommendations.example as unknown as Recommendation),
    user_id: user,
    context_version: context?.version ?? null,
    items: [{ item_id: purchase?.item_id ?? '', score: 1, step: 0 }],
    seen_offset: Number(header.split(' ')[0]?.split(',')[0]),
    item_offsets: [0, 0, 0, 0],
    judged_at: Date.now(),
  };
  const outbox = await openOutbox(config.kafka);
  const topic = nameOf(recommendations);
  await outbox.send([
    { topic, partition, key: user, value: encode(answer) },
    { topic, partition, key: user, value: encode({ ...answer, answer_id: 'b', seen_offset: -1 }) },
    { topic, partition, key: user, value: encode({ ...answer, answer_id: 'c', items: [] }) },
  ]);
  await outbox.close();
  const { answers } = await pipeline.verify();
  const text = JSON.stringify(answers.examples);
  expect(text).toContain('had been seen by user');
  expect(text).toContain('was not available');
  expect(text).toContain('b","what":"does not say');
  expect(answers.checked).toBe(3);
  expect(text).not.toContain('"c"');
});

test('emissions: a repeat is none, another content and an invented one are', async () => {
  const before = await pipeline.verify();
  const [interaction] = await recordsOf(interactions);
  const [pack] = await recordsOf(itemSignals);
  await sendAgain(interaction);
  await sendAgain(pack);
  const repeated = await pipeline.verify();
  expect([
    service(repeated, 'ingest')?.differences,
    service(repeated, 'signals')?.differences,
  ]).toEqual([0, 0]);
  expect(service(repeated, 'ingest')?.emissions).toBe(
    (service(before, 'ingest')?.emissions ?? 0) + 1,
  );
  await sendAgain(interaction, { partition: 1 - (interaction?.partition ?? 0) });
  await sendAgain(pack, { partition: 1 - (pack?.partition ?? 0) });
  const report = await pipeline.verify();
  expect(found(report, 'ingest')).toContain('must be on one partition only');
  expect(found(report, 'signals')).toMatch(/must not be on the topic|another content/);
});

test('failures: a repeat is none, another content and one of a good record are', async () => {
  // Two failures on any of its partitions: which is read first is not said.
  const failures = await recordsOf(failedEvents);
  expect(failures).toHaveLength(2);
  const failure = failures.find(({ value }) => value?.includes('bad_magic'));
  await sendAgain(failure);
  const before = service(await pipeline.verify(), 'ingest')?.differences ?? 0;
  const value = Buffer.from(failure?.value ?? '');
  value.write('had', value.indexOf('bad_magic'));
  await sendAgain(failure, { value });
  const report = await pipeline.verify();
  expect(service(report, 'ingest')?.differences).toBe(before + 1);
});

test('where a log was cut, it says from which offset it verified, and blames nobody', async () => {
  const before = await pipeline.verify();
  const deleting = kafkaClient(pipeline.bed.config.kafka).admin();
  await deleting.connect();
  for (const topic of [pipeline.userEvents, nameOf(interactions), nameOf(itemSignals)]) {
    const offsets = await deleting.fetchTopicOffsets(topic);
    const cut = offsets.map(({ partition, high }) => ({
      partition,
      offset: String(Math.max(1, Math.floor(Number(high) / 2))),
    }));
    await deleting.deleteTopicRecords({ topic, partitions: cut });
  }
  await deleting.disconnect();
  const report = await pipeline.verify();
  // The log of commands was not cut.
  for (const own of report.services.filter(({ service: name }) => name !== 'control')) {
    expect(Object.keys(own.verifiedFrom).length).toBe(own.offsets.length);
    expect([own.service, own.notComparable > 0]).toEqual([own.service, true]);
    const earlier = service(before, own.service)?.differences ?? 0;
    expect(own.differences).toBeLessThanOrEqual(earlier);
  }
  expect(report.answers).toMatchObject({ checked: 1, notChecked: 2 });
});
