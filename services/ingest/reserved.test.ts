import fc from 'fast-check';
import { expect, test } from 'vitest';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { type Driven, drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { externalCandidatesSchema } from '../../schemas/generated/external-candidates.ts';
import { interactionSchema } from '../../schemas/generated/interaction.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { ingestTargetsOf } from '../../test/support/ingest-targets.ts';
import { forgetType, mergeType } from '../../topics/reserved-types.ts';
import { keepEvent, keptEvents } from './kept-events.ts';
import { ingestFold } from './topology.ts';

const atMs = 1_700_000_000_000;
const encode = encoderFor<UserEvent>(userEventSchema, 1);
const registry = memoryRegistry({
  1: userEventSchema,
  2: interactionSchema,
  3: exposureSchema,
  4: externalCandidatesSchema,
});
const decoderOf = <T>(schema: object) =>
  new TopicDecoder<T>({ registry, subject: 's', schema, valueBytesMax: 65_536, graceMs: [] });
const partitions = 8;

const foldOf = (anonymousPrefix = 'anon-') =>
  ingestFold({
    ...ingestTargetsOf(partitions),
    topic: 'user-events',
    decoder: decoderOf<UserEvent>(userEventSchema),
    limits: {
      types: new Set(['view', 'purchase']),
      aheadMsMax: 60_000,
      ageMsMax: 1e12,
      idBytesMax: 128,
      attributesMax: 3,
      attributesBytesMax: 400,
      anonymousPrefix,
    },
    idsMax: 100,
    mergedEventsMax: 3,
    horizonMs: 1e12,
  });

const logOf = (events: readonly Partial<UserEvent>[]): LogRecord[] =>
  events.map((change, offset) => {
    const parts = { eventId: `e${offset}`, userId: 'ann', itemId: 'tea', type: 'view', atMs };
    const value = encode({ ...plainEvent(parts), ...change });
    const record = { topic: 'user-events', partition: 3, offset, timestampMs: atMs + offset };
    return { ...record, key: null, value, headers: {} };
  });

/** What was sent, in order, decoded. */
async function said({ emitted }: Driven) {
  const schemas: Readonly<Record<string, object>> = {
    interactions: interactionSchema,
    exposures: exposureSchema,
    'external-candidates': externalCandidatesSchema,
  };
  const read = [];
  for (const { topic, partition, key, value } of emitted) {
    const decoder = decoderOf<Record<string, unknown>>(schemas[topic] ?? {});
    await decoder.prepare([value]);
    const decoded = decoder.decode(value);
    if (decoded.ok) read.push({ topic, partition, key, value: decoded.value });
  }
  return read;
}

test('who is to be forgotten is named on all logs that others fold, on interactions last', async () => {
  const log = logOf([
    {},
    { type: forgetType, item_id: '', session_id: 's', attributes: { secret: 'x' }, value: 1 },
    {},
  ]);
  const driven = await drive(foldOf(), log, { partition: 3 });
  const position = { source_partition: 3, source_offset: 1 };
  const reserved = { lineage: 'reserved0000', ...position };
  const sent = await said(driven);
  expect(sent.map(({ topic, value }) => [topic, value['kind'] ?? value['type']])).toEqual([
    ['exposures', 'forget'],
    ['external-candidates', undefined],
    ['interactions', 'view'],
    ['interactions', forgetType],
    ['interactions', 'view'],
  ]);
  expect(sent[0]?.value).toMatchObject({ user_id: 'ann', items: [], ...reserved });
  expect(sent[1]?.value).toMatchObject({ user_id: 'ann', items: [], forgotten: reserved });
  expect(sent[3]?.value).toMatchObject({
    user_id: 'ann',
    item_id: '',
    attributes: {},
    ...position,
  });
  expect(sent[3]?.value).toMatchObject({ session_id: null, value: null });
  const own = partitionOf('ann', partitions);
  expect(sent.map(({ partition, key }) => [partition, key])).toEqual(sent.map(() => [own, 'ann']));
});

test('said twice under one id it is said once', async () => {
  const forget = { event_id: 'f', type: forgetType, item_id: '' };
  const driven = await drive(foldOf(), logOf([forget, forget]));
  expect(driven.skipped.get('duplicate')).toBe(1);
  expect((await said(driven)).filter(({ topic }) => topic === 'interactions')).toHaveLength(1);
});

test('events of anonymous users are kept, the last of them, until these are merged or forgotten', async () => {
  const anonymous = { user_id: 'anon-1' };
  const acts = ['a', 'b', 'c', 'd'].map((item_id, n) => ({
    ...anonymous,
    item_id,
    type: n % 2 === 0 ? 'view' : 'purchase',
    occurred_at: atMs + n,
  }));
  const before = await drive(foldOf(), logOf([{}, ...acts]));
  expect([...before.rows.keys()]).toEqual(['anon-1']);
  const merge = { ...anonymous, item_id: '', type: mergeType, attributes: { into: 'ann' } };
  const driven = await drive(foldOf(), logOf([{}, ...acts, merge]), { partition: 3 });
  expect(driven.rows.size).toBe(0);
  const sent = (await said(driven)).slice(-2).map(({ value }) => value);
  const merged = acts.slice(1).map(({ item_id, type, occurred_at }) => ({
    item_id,
    type,
    occurred_at,
  }));
  expect(sent[0]).toMatchObject({ user_id: 'ann', type: mergeType, merged, merged_from: null });
  expect(sent[1]).toMatchObject({ user_id: 'anon-1', type: 'freshet.merged', merged: [] });
  const forgotten = await drive(
    foldOf(),
    logOf([...acts, { ...anonymous, type: forgetType, item_id: '' }]),
  );
  expect(forgotten.rows.size).toBe(0);
});

test('where both users lie in one partition, one record says it of both', async () => {
  const own = partitionOf('ann', partitions);
  const names = Array.from({ length: 100 }, (_, n) => `anon-${n}`);
  const near = names.find((name) => partitionOf(name, partitions) === own) ?? '';
  const merge = { user_id: near, item_id: '', type: mergeType, attributes: { into: 'ann' } };
  const sent = await said(await drive(foldOf(), logOf([{ user_id: near }, merge])));
  const last = sent.filter(({ topic }) => topic === 'interactions').slice(1);
  expect(last.map(({ value }) => [value['user_id'], value['merged_from']])).toEqual([
    ['ann', near],
  ]);
});

test.each([
  ['of a user who is known', { user_id: 'ann', attributes: { into: 'bob' } }, 'not_anonymous'],
  ['into nobody', { user_id: 'anon-1' }, 'bad_into'],
  ['into another anonymous one', { user_id: 'anon-1', attributes: { into: 'anon-2' } }, 'bad_into'],
  ['into an id with a line break', { user_id: 'anon-1', attributes: { into: 'a\nb' } }, 'bad_id'],
  ['with a type that is not said here', { type: 'freshet.merged' }, 'unknown_type'],
])('a merge %s is refused', async (_, change, reason) => {
  const merge = { item_id: '', type: mergeType, ...change };
  const { failures } = await drive(foldOf(), logOf([merge]));
  expect(failures.map((failure) => failure.reason)).toEqual([reason]);
});

test('without a prefix nobody is anonymous, nothing is kept, and the identity is another', async () => {
  const none = foldOf('');
  const { rows } = await drive(none, logOf([{ user_id: 'anon-1' }]));
  expect([rows.size, none.horizon, JSON.stringify(none.config).includes('anonymous')]).toEqual([
    0,
    null,
    false,
  ]);
});

test('what is kept are the last events, whatever they are', () => {
  const types = ['purchase', 'view'];
  const event = fc.record({
    itemId: fc.constantFrom('', 'a', 'é', '日本', 'item-10001'),
    typeIndex: fc.integer({ min: 0, max: 1 }),
    atMs: fc.integer({ min: 0, max: 2 ** 45 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (all, max) => {
      const row = all.reduce<Buffer | undefined>(
        (kept, one) => keepEvent(kept, one, max),
        undefined,
      );
      expect(keptEvents(row, types)).toEqual(
        all.slice(-max).map(({ itemId, typeIndex, atMs: occurred_at }) => ({
          item_id: itemId,
          type: types[typeIndex],
          occurred_at,
        })),
      );
    }),
  );
});
