import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor, openEncoder } from '../../lib/avro/encoder.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type FailedEvent, failedEventSchema } from '../../schemas/generated/failed-event.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** Poison in every form of which a producer is capable, among good events. */
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    'poison',
    { FRESHET_KAFKA_SESSION_TIMEOUT_MS: '3000' },
  );
});

afterAll(async () => {
  await pipeline.close();
});

const good: UserEvent = {
  event_id: 'good',
  user_id: 'ann',
  item_id: 'tea',
  type: 'purchase',
  occurred_at: Date.now(),
  context_id: null,
  answer_id: null,
  session_id: null,
  value: null,
  attributes: {},
};

const dayMs = 86_400_000;

/** Values that encode well, and what is wrong with them. */
const misjudged: readonly [reason: string, event: Partial<UserEvent>][] = [
  ['from_the_future', { occurred_at: Date.now() + dayMs }],
  ['ancient', { occurred_at: Date.now() - 6 * 366 * dayMs }],
  ['missing_event_id', { event_id: '' }],
  ['missing_user', { user_id: '' }],
  ['missing_item', { item_id: '' }],
  ['id_too_long', { user_id: 'u'.repeat(129) }],
  ['bad_id', { item_id: 'tea\u0000' }],
  ['not_finite', { value: Number.NaN }],
  ['unknown_type', { type: 'teleport' }],
  ['too_large', { attributes: { note: 'x'.repeat(500_000) } }],
];

async function poison(): Promise<{ reason: string; value: Buffer | null }[]> {
  const { registry } = pipeline.bed;
  const subject = `${pipeline.userEvents}-value`;
  const encode = await openEncoder<UserEvent>(registry, subject, userEventSchema);
  const bytes = encode(good);
  const otherMagic = Buffer.from(bytes);
  otherMagic[0] = 1;
  const notUtf8 = Buffer.from(bytes);
  // The first letter of the event id.
  notUtf8[6] = 0xff;
  const hugeTime = encoderFor<Record<string, unknown>>(
    { ...userEventSchema, fields: userEventSchema.fields.slice(0, 4) },
    bytes.readUInt32BE(1),
  )({ event_id: 'a', user_id: 'b', item_id: 'c', type: 'd' });
  const above2to53 = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  return [
    { reason: 'empty_value', value: null },
    { reason: 'empty_value', value: Buffer.alloc(0) },
    { reason: 'too_short', value: bytes.subarray(0, 3) },
    { reason: 'truncated', value: bytes.subarray(0, 5) },
    { reason: 'bad_magic', value: otherMagic },
    { reason: 'unknown_schema', value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xf0, 2, 0x61]) },
    { reason: 'truncated', value: bytes.subarray(0, -3) },
    { reason: 'trailing_bytes', value: Buffer.concat([bytes, Buffer.from([0])]) },
    { reason: 'number_out_of_range', value: Buffer.concat([hugeTime, above2to53]) },
    { reason: 'undecodable', value: notUtf8 },
    ...misjudged.map(([reason, event]) => ({ reason, value: encode({ ...good, ...event }) })),
  ];
}

async function failedEvents(): Promise<Map<string, FailedEvent>> {
  const { config, registry } = pipeline.bed;
  const topic = pipeline.userEvents.replace('user-events', 'failed-events');
  const decoder = new TopicDecoder<FailedEvent>({
    registry,
    subject: `${topic}-value`,
    schema: failedEventSchema,
    valueBytesMax: 2 ** 21,
  });
  const found = new Map<string, FailedEvent>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value } of records) {
      const decoded = decoder.decode(value);
      if (decoded.ok) found.set(String(key), decoded.value);
    }
  }
  return found;
}

test('every poison is set aside once with its reason and raw bytes, and the partition goes on', async () => {
  const bad = await poison();
  await pipeline.publish(someEvents(50, 20));
  await pipeline.publishRaw(
    bad.map(({ value }) => ({ topic: pipeline.userEvents, key: 'ann', value })),
  );
  await pipeline.publish(someEvents(50, 21));
  // Killed between the emission of the failures and the commit: they are emitted again.
  const dying = await pipeline
    .run(['ingest'], { FRESHET_FAILPOINT: 'after_emit' })
    .catch(() => null);
  await dying?.ended.catch(() => undefined);
  await pipeline.run(folding);
  await pipeline.caughtUp();
  const failed = await failedEvents();
  const reasons = [...failed.values()].map(({ reason }) => reason).toSorted();
  expect(reasons).toEqual(bad.map(({ reason }) => reason).toSorted());
  for (const { value } of bad) {
    const kept = [...failed.values()].some((event) =>
      value === null ? event.value === null : event.value?.equals(value),
    );
    expect(kept).toBe(true);
  }
  for (const event of failed.values()) expect(event.detail).not.toContain('ann');
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
});
