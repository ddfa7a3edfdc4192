import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { schemaNames, schemaText } from '../../schemas/check.ts';
import { activeUserFields } from '../../services/candidates/topology.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import { ingestFold } from '../../services/ingest/topology.ts';
import { signalInteractionSchema } from '../../services/signals/topology.ts';
import { topics } from '../../topics/all.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { ingestTargetsOf } from '../support/ingest-targets.ts';
import { userEvents } from '../../topics/user-events.ts';

const current = (name: string): object => JSON.parse(schemaText(name)) as object;

/** Every schema that a service reads a topic with, beside the topic's own. */
const readers: Readonly<Record<string, readonly object[]>> = {
  interactions: [signalInteractionSchema, interactionFields(activeUserFields)],
};

async function decoded(schema: object, writer: object, value: Buffer): Promise<unknown> {
  const registry = memoryRegistry({ 7: writer });
  const decoder = new TopicDecoder({
    registry,
    subject: 'topic-value',
    schema,
    valueBytesMax: 1e6,
  });
  await decoder.prepare([value]);
  const result = decoder.decode(value);
  if (!result.ok) throw new Error(`${result.reason}: ${result.detail}`);
  return { ...(result.value as object) };
}

/** What a reader with fewer fields sees of a value. */
function projected(schema: object, value: Readonly<Record<string, unknown>>): object {
  const { fields } = schema as { fields: readonly { name: string }[] };
  return Object.fromEntries(fields.map(({ name }) => [name, value[name]]));
}

describe('every topic’s example', () => {
  test.for(topics)('$thing: is read as it was written, by each of its readers', async (topic) => {
    const schema = current(topic.schema);
    const value = encoderFor(schema, 7)(topic.example);
    expect(value.length).toBeLessThan(topic.messageBytesMax);
    expect(await decoded(schema, schema, value)).toEqual(topic.example);
    for (const reader of readers[topic.thing] ?? []) {
      expect(await decoded(reader, schema, value)).toEqual(projected(reader, topic.example));
    }
  });

  test('every schema has one', () => {
    const used = new Set(topics.map(({ schema }) => schema));
    expect(schemaNames().filter((name) => !used.has(name))).toEqual([]);
  });

  test.for(topics)(
    '$thing: written with any published version, it is still read',
    async (topic) => {
      const folder = new URL(`../../schemas/history/${topic.schema}/`, import.meta.url);
      for (const file of readdirSync(folder)) {
        const old = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object;
        const value = encoderFor(old, 7)(topic.example);
        await decoded(current(topic.schema), old, value);
      }
    },
  );
});

const appendedAtMs = 1_700_000_000_000;
const example = userEvents.example as unknown as UserEvent;
const hostile = {
  type: 'record',
  name: 'UserEvent',
  namespace: 'freshet',
  fields: [{ name: 'bomb', type: { type: 'array', items: 'null' } }],
};
const encode = encoderFor<UserEvent>(userEventSchema, 7);
const valid = encode(example);

const withId = (id: number): Buffer => {
  const value = Buffer.from(valid);
  value.writeUInt32BE(id, 1);
  return value;
};
const eventWith = (change: Partial<UserEvent>): Buffer => encode({ ...example, ...change });

/** Swaps one run of bytes of a valid value for another of the same length. */
function spliced(value: Buffer, from: string, to: Buffer): Buffer {
  const at = value.indexOf(from);
  if (at < 0 || to.length !== Buffer.byteLength(from)) throw new Error('nothing to splice');
  return Buffer.concat([value.subarray(0, at), to, value.subarray(at + to.length)]);
}

/** 2^53 as Avro writes it where `occurred_at` (42) was. */
function tooLong(): Buffer {
  const value = eventWith({ type: 'view', occurred_at: 42 });
  const at = value.indexOf('view') + 4;
  const long = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
  return Buffer.concat([value.subarray(0, at), long, value.subarray(at + 1)]);
}

const poison: readonly [what: string, value: Buffer | null, reason: string][] = [
  ['a null value', null, 'empty_value'],
  ['0 bytes', Buffer.alloc(0), 'empty_value'],
  ['3 bytes', Buffer.alloc(3), 'too_short'],
  ['5 bytes', Buffer.from([0, 0, 0, 0, 7]), 'truncated'],
  ['a wrong magic byte', Buffer.concat([Buffer.from([1]), valid.subarray(1)]), 'bad_magic'],
  ['an unknown schema id', withId(99), 'unknown_schema'],
  ['a truncated value', valid.subarray(0, -3), 'truncated'],
  ['trailing bytes', Buffer.concat([valid, Buffer.from([0])]), 'trailing_bytes'],
  ['a long of 2^53', tooLong(), 'number_out_of_range'],
  ['an array bomb', Buffer.from([0, 0, 0, 0, 8, 0x80, 0x80, 0x80, 0x40, 0]), 'unsafe_schema'],
  ['a string of 1 MiB', eventWith({ session_id: 'x'.repeat(2 ** 20) }), 'too_large'],
  ['text that is not UTF-8', spliced(valid, '85123A', Buffer.alloc(6, 0xff)), 'undecodable'],
  [
    'the attribute __proto__',
    spliced(eventWith({ attributes: { long_name: 'x' } }), 'long_name', Buffer.from('__proto__')),
    'undecodable',
  ],
  ['a time in the future', eventWith({ occurred_at: appendedAtMs + 3_600_000 }), 'from_the_future'],
  ['an ancient time', eventWith({ occurred_at: 0 }), 'ancient'],
  ['an id that is too long', eventWith({ user_id: 'u'.repeat(1_000) }), 'id_too_long'],
  ['an infinite value', eventWith({ value: Infinity }), 'not_finite'],
  ['no user', eventWith({ user_id: '' }), 'missing_user'],
  ['no item', eventWith({ item_id: '' }), 'missing_item'],
  ['an unknown type', eventWith({ type: 'stare' }), 'unknown_type'],
];

test('poison in every form is set aside once with its reason, and the partition goes on', async () => {
  const { idsMax, valueBytesMax, mergedEventsMax, ...bounds } = ingestConfig({});
  const fold = ingestFold({
    topic: 'user-events',
    ...ingestTargetsOf(4),
    mergedEventsMax,
    horizonMs: 1,
    idsMax,
    limits: { ...bounds, types: new Set(['purchase', 'view']) },
    decoder: new TopicDecoder<UserEvent>({
      registry: memoryRegistry({ 7: userEventSchema, 8: hostile }),
      subject: 'user-events-value',
      schema: userEventSchema,
      valueBytesMax,
      graceMs: [],
    }),
  });
  const goodAfter = (n: number): Buffer => eventWith({ event_id: `after-${n}` });
  const values = poison.flatMap(([, value], n) => [value, goodAfter(n)]);
  const records = values.map(
    (value, offset): LogRecord => ({
      topic: 'user-events',
      partition: 0,
      offset,
      timestampMs: appendedAtMs,
      key: null,
      value,
      headers: {},
    }),
  );
  const { failures, emitted } = await drive(fold, records);
  expect(failures.map(({ reason, record }) => [record.offset, reason])).toEqual(
    poison.map(([, , reason], n) => [n * 2, reason]),
  );
  expect(emitted.filter(({ topic }) => topic === 'interactions')).toHaveLength(poison.length);
});
