import { expect, test } from 'vitest';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import { ingestFold } from '../../services/ingest/topology.ts';
import { ingestTargetsOf } from '../../test/support/ingest-targets.ts';
import { userEvents } from '../../topics/user-events.ts';
import type { AnyFold } from '../verify/folds.ts';
import { judgeBy, type Place } from './desk.ts';
import { type Entry, replayOfHeader } from './entries.ts';
import type { Fields, Fix } from './fix.ts';
import type { Opened } from './raw-values.ts';
import { tryOne } from './replay.ts';

const nowMs = 1_700_000_000_000;
const dayMs = 86_400_000;
const topic = 'p.user-events.v1';
const encode = encoderFor<UserEvent>(userEventSchema, 7);
const fold = ingestFold({
  topic,
  ...ingestTargetsOf(1),
  decoder: new TopicDecoder<UserEvent>({
    registry: memoryRegistry({ 7: userEventSchema }),
    subject: `${topic}-value`,
    schema: userEventSchema,
    valueBytesMax: 65_536,
    graceMs: [],
  }),
  limits: { ...ingestConfig({}), types: new Set(['view']) },
  idsMax: 1_024,
  mergedEventsMax: 3,
  horizonMs: 1,
}) as unknown as AnyFold;

const placeWith = (counted: Set<string>): Place => ({
  topic: userEvents,
  schema: userEventSchema,
  current: {
    name: 'ingest',
    hash: 'h',
    id4: 'i',
    lineage: 'now',
    code: 'i',
    family: 'source',
    partitions: 1,
  },
  encode: (fields) => encode(fields as unknown as UserEvent),
  judge: judgeBy(fold, (input) => (input as UserEvent).event_id),
  placed: async (value, { partition, key }) => ({ topic, partition, key, value }),
  remember: async (partition, id) => {
    const isNew = !counted.has(`${partition}/${id}`);
    counted.add(`${partition}/${id}`);
    return isNew;
  },
});

const entry: Entry = {
  id: `ingest/${topic}/3/42`,
  stage: 'ingest',
  reason: 'unknown_type',
  producer: 'source=shop',
  state: 'open',
  atMs: nowMs - 1_000,
  topic,
  partition: 3,
  offset: 42,
  bytes: 10,
  replayOf: null,
};
const goodEvent = plainEvent({
  eventId: 'e1',
  userId: 'ann',
  itemId: 'tea',
  type: 'view',
  atMs: nowMs - 5_000,
});
const failedAs = (event: Partial<UserEvent>, more: Partial<FailedEvent> = {}): FailedEvent => ({
  stage: 'ingest',
  topic,
  partition: 3,
  offset: 42,
  reason: 'unknown_type',
  detail: '',
  appended_at: nowMs - 1_000,
  key: Buffer.from('ann'),
  value: encode({ ...goodEvent, ...event }),
  headers: { source: Buffer.from('shop') },
  lineage: 'now',
  ...more,
});

interface Trying {
  readonly fix?: Fix;
  readonly opened?: Opened;
  readonly counted?: Set<string>;
}

const tried = (event: FailedEvent, { fix, opened, counted = new Set() }: Trying = {}) =>
  tryOne(entry, event, {
    desk: { place: async () => placeWith(counted) },
    raw: {
      open: async () =>
        opened ?? { how: 'JSON', fields: goodEvent as unknown as Fields, fault: null },
    },
    fix: fix ?? null,
    nowMs: () => nowMs,
  });

test('what would be taken now is sent as it is, to its own partition, with whose replay it is', async () => {
  const event = failedAs({});
  const { fate } = await tried(event);
  expect(fate).toEqual({
    kind: 'send',
    onceBy: 'event_id',
    changes: [],
    message: {
      topic,
      partition: 3,
      key: event.key,
      value: event.value,
      headers: { source: Buffer.from('shop'), [replayOfHeader]: Buffer.from(entry.id) },
    },
  });
});

test('what would be refused again stays open, and says why', async () => {
  expect((await tried(failedAs({ type: 'buy' }))).fate).toEqual({
    kind: 'open',
    why: 'unknown_type: type: not one of FRESHET_EVENT_TYPES',
  });
  const ancient = await tried(failedAs({ occurred_at: nowMs - 3_000 * dayMs }));
  expect(ancient.fate).toMatchObject({
    why: expect.stringContaining('only gets older') as unknown,
  });
});

test('a time is judged with the broker’s clock before and after ours', async () => {
  const at = (occurredAt: number) => tried(failedAs({ occurred_at: occurredAt }));
  expect((await at(nowMs + 45_000)).fate.kind).toBe('send');
  expect((await at(nowMs + 55_000)).fate).toMatchObject({
    kind: 'open',
    why: expect.stringContaining('wait until that time') as unknown,
  });
});

test('an id that has counted is not sent, nor is one twice at once', async () => {
  const counted = new Set(['3/e1']);
  expect((await tried(failedAs({}), { counted })).fate.kind).toBe('accepted');
  const both = new Set<string>();
  expect((await tried(failedAs({}), { counted: both })).fate.kind).toBe('send');
  expect((await tried(failedAs({}), { counted: both })).fate.kind).toBe('accepted');
});

test('what the generation of other settings takes where it lies is not sent', async () => {
  const earlier = failedAs({}, { lineage: 'before' });
  expect((await tried(earlier)).fate).toMatchObject({
    kind: 'accepted',
    why: expect.stringContaining('folded again') as unknown,
  });
  // It stays failed whoever folds: the schema was not known then.
  const unknown = failedAs({}, { lineage: 'before', reason: 'unknown_schema' });
  expect((await tried(unknown)).fate.kind).toBe('send');
  // Nobody knows which generation it was.
  expect((await tried(failedAs({}, { lineage: '' }))).fate.kind).toBe('send');
  expect((await tried(failedAs({ type: 'buy' }, { lineage: 'before' }))).fate.kind).toBe('open');
});

test('a fix is carried out, and what it makes is judged, not what it was', async () => {
  const event = failedAs({ type: 'buy' });
  const opened = { how: 'JSON', fields: { ...goodEvent, type: 'buy' }, fault: null };
  const { fate, before, after } = await tried(event, { fix: { set: { type: 'view' } }, opened });
  expect(fate).toMatchObject({ kind: 'send', changes: ['set type'], onceBy: 'event_id' });
  expect(fate.kind === 'send' && fate.message.value).toEqual(encode(goodEvent));
  expect([before?.['type'], after?.['type']]).toEqual(['buy', 'view']);
  const wrong = await tried(event, { fix: { set: { type: 'purr' } }, opened });
  expect(wrong.fate).toMatchObject({
    kind: 'open',
    why: expect.stringMatching(/^unknown_type/) as unknown,
  });
});

test('an id made of the position is the same every time, and is said', async () => {
  const event = failedAs({ event_id: '' });
  const opened = { how: 'JSON', fields: { ...goodEvent, event_id: '' }, fault: null };
  const fix: Fix = { default: { event_id: '@position' } };
  const [one, two] = await Promise.all([1, 2].map(() => tried(event, { fix, opened })));
  expect(one?.fate).toMatchObject({ kind: 'send', onceBy: 'position' });
  expect(one?.after?.['event_id']).toMatch(/^failed-[0-9a-f]{32}$/);
  expect(two?.after).toEqual(one?.after);
});

test('bytes that do not read to their end are gone on from only where that was declared', async () => {
  const event = failedAs({});
  const opened = {
    how: 'schema id 7',
    fields: goodEvent as unknown as Fields,
    fault: 'x: truncated',
  };
  const fix: Fix = { set: { type: 'view' } };
  expect((await tried(event, { fix, opened })).fate).toEqual({
    kind: 'open',
    why: 'read as schema id 7: x: truncated; --partial goes on with what comes before it',
  });
  expect((await tried(event, { fix: { ...fix, partial: true }, opened })).fate.kind).toBe('send');
  const nothing = { how: 'bytes', fields: null, fault: 'there is no schema id in front' };
  expect((await tried(event, { fix, opened: nothing })).fate).toMatchObject({ kind: 'open' });
});

test('a value that does not fit the schema stays open, by the name of its field', async () => {
  const opened = { how: 'JSON', fields: { ...goodEvent, occurred_at: 'yesterday' }, fault: null };
  const { fate } = await tried(failedAs({}), { fix: { as: 'json' }, opened });
  expect(fate).toEqual({ kind: 'open', why: 'not a freshet.UserEvent: occurred_at is no long' });
});

test('what our own services wrote, and commands, are not sent again, with what to do instead', async () => {
  const own = await tried(failedAs({}, { stage: 'seen-items', topic: 'p.interactions.v1' }));
  expect(own.fate).toMatchObject({
    kind: 'open',
    why: expect.stringContaining('freshet rebuild seen-items') as unknown,
  });
  const command = await tried(failedAs({}, { stage: 'control', topic: 'p.commands.v1' }));
  expect(command.fate).toMatchObject({ why: expect.stringContaining('anew') as unknown });
});
