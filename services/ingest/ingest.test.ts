import { describe, expect, test } from 'vitest';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { UserError } from '../../lib/errors.ts';
import { ingestTargetsOf } from '../../test/support/ingest-targets.ts';
import { ingestConfig } from './config.ts';
import { type EventLimits, judgeEvent } from './ingest.ts';
import { ingestFold } from './topology.ts';

const appendedAtMs = 1_700_000_000_000;
const year = 365 * 24 * 60 * 60 * 1_000;
const limits: EventLimits = {
  types: new Set(['view', 'purchase']),
  aheadMsMax: 60_000,
  ageMsMax: 5 * year,
  idBytesMax: 128,
  attributesMax: 3,
  attributesBytesMax: 40,
  anonymousPrefix: '',
};
const event: UserEvent = {
  event_id: 'e1',
  user_id: 'u1',
  item_id: 'i1',
  type: 'view',
  occurred_at: appendedAtMs - 1_000,
  context_id: null,
  answer_id: null,
  session_id: null,
  value: null,
  attributes: {},
};

const verdictOf = (change: Partial<UserEvent>): string => {
  const verdict = judgeEvent({ ...event, ...change }, appendedAtMs, limits);
  return verdict.kind === 'accept' ? 'accept' : verdict.reason;
};

describe('an event is refused for', () => {
  const cases: readonly [string, Partial<UserEvent>, string][] = [
    ['no event id', { event_id: '' }, 'missing_event_id'],
    ['no user', { user_id: '' }, 'missing_user'],
    ['no item', { item_id: '' }, 'missing_item'],
    ['an id of 129 bytes', { user_id: 'u'.repeat(129) }, 'id_too_long'],
    ['an id of 65 two-byte letters', { item_id: 'ü'.repeat(65) }, 'id_too_long'],
    ['a session id that is too long', { session_id: 's'.repeat(129) }, 'id_too_long'],
    ['a line break in an id', { user_id: 'a\nb' }, 'bad_id'],
    ['a control character of the upper half', { item_id: 'a\u0085' }, 'bad_id'],
    ['a null character in the answer id', { answer_id: '\0' }, 'bad_id'],
    ['a type that is not configured', { type: 'stare' }, 'unknown_type'],
    ['no type', { type: '' }, 'unknown_type'],
    ['a time over a minute ahead', { occurred_at: appendedAtMs + 60_001 }, 'from_the_future'],
    ['a time over five years ago', { occurred_at: appendedAtMs - 5 * year - 1 }, 'ancient'],
    ['a time before 1970', { occurred_at: -1 }, 'ancient'],
    ['a value that is not a number', { value: Number.NaN }, 'not_finite'],
    ['an infinite value', { value: -Infinity }, 'not_finite'],
    ['too many attributes', { attributes: { a: '', b: '', c: '', d: '' } }, 'attributes_too_large'],
    ['attributes of too many bytes', { attributes: { a: 'ü'.repeat(20) } }, 'attributes_too_large'],
  ];
  test.for(cases)('%s', ([, change, reason]) => {
    expect(verdictOf(change)).toBe(reason);
  });

  test('what was wrong is said without the value', () => {
    const secret = `secret${'x'.repeat(200)}`;
    for (const change of [{ user_id: secret }, { type: secret }, { attributes: { a: secret } }]) {
      expect(
        JSON.stringify(judgeEvent({ ...event, ...change }, appendedAtMs, limits)),
      ).not.toContain('secret');
    }
  });
});

test('an event at every limit is accepted', () => {
  const atLimits: Partial<UserEvent>[] = [
    { user_id: 'u'.repeat(128), item_id: 'ü'.repeat(64), event_id: '🦉'.repeat(32) },
    { occurred_at: appendedAtMs + 60_000 },
    { occurred_at: appendedAtMs - 5 * year },
    { value: -1e308, context_id: '', attributes: { a: '', b: '', c: 'x'.repeat(37) } },
    { user_id: 'constructor', item_id: '__proto__' },
  ];
  for (const change of atLimits) expect(verdictOf(change)).toBe('accept');
});

const encodeEvent = encoderFor<UserEvent>(userEventSchema, 1);
const registry = memoryRegistry({ 1: userEventSchema, 2: interactionSchema });
const decoderOf = <T>(schema: object) =>
  new TopicDecoder<T>({ registry, subject: 's', schema, valueBytesMax: 65_536, graceMs: [] });

const foldOf = (idsMax = 100, change: Partial<EventLimits> = {}) =>
  ingestFold({
    topic: 'user-events',
    ...ingestTargetsOf(8),
    decoder: decoderOf<UserEvent>(userEventSchema),
    limits: { ...limits, ...change },
    idsMax,
    mergedEventsMax: 3,
    horizonMs: year,
  });

const recordAt = (offset: number, value: Buffer | null): LogRecord => ({
  topic: 'user-events',
  partition: 3,
  offset,
  timestampMs: appendedAtMs + offset,
  key: null,
  value,
  headers: {},
});

const logOf = (events: readonly Partial<UserEvent>[]): LogRecord[] =>
  events.map((change, offset) => recordAt(offset, encodeEvent({ ...event, ...change })));

async function interactionsIn(values: readonly (Buffer | null)[]): Promise<Interaction[]> {
  const decoder = decoderOf<Interaction>(interactionSchema);
  await decoder.prepare(values);
  return values.flatMap((value) => {
    const decoded = decoder.decode(value);
    return decoded.ok ? [decoded.value] : [];
  });
}

describe('folding a log', () => {
  test('an accepted event goes to its user’s partition with its position, clock and append time', async () => {
    const fold = foldOf();
    const log = logOf([{ event_id: 'a' }, { event_id: 'b', user_id: 'u2' }]);
    const { emitted, identity } = await drive(fold, log, { partition: 3 });
    expect(emitted.map(({ topic, key, partition }) => ({ topic, key, partition }))).toEqual([
      { topic: 'interactions', key: 'u1', partition: partitionOf('u1', 8) },
      { topic: 'interactions', key: 'u2', partition: partitionOf('u2', 8) },
    ]);
    expect(await interactionsIn(emitted.map(({ value }) => value))).toMatchObject([
      {
        ...event,
        event_id: 'a',
        appended_at: appendedAtMs,
        event_clock: 1,
        lineage: identity.lineage,
        source_partition: 3,
        source_offset: 0,
      },
      { event_id: 'b', appended_at: appendedAtMs + 1, event_clock: 2, source_offset: 1 },
    ]);
  });

  test('a duplicate is passed over and counted, whatever else it says; the clock stands still', async () => {
    const log = logOf([{}, { item_id: 'other' }, { event_id: 'e2' }, {}]);
    const { emitted, skipped, failures } = await drive(foldOf(), log);
    expect(skipped).toEqual(new Map([['duplicate', 2]]));
    expect(failures).toEqual([]);
    const clocks = await interactionsIn(emitted.map(({ value }) => value));
    expect(clocks.map(({ event_id, event_clock }) => [event_id, event_clock])).toEqual([
      ['e1', 1],
      ['e2', 2],
    ]);
  });

  test('a refused event’s id is not remembered: its repaired form is accepted', async () => {
    const log = logOf([{ value: Number.NaN }, { value: 1 }]);
    const { emitted, failures, skipped } = await drive(foldOf(), log);
    expect(failures.map(({ reason }) => reason)).toEqual(['not_finite']);
    expect(skipped.size).toBe(0);
    expect(emitted.filter(({ topic }) => topic === 'interactions')).toHaveLength(1);
  });

  test('poison is set aside, and the events around it count', async () => {
    const log = logOf([{ event_id: 'a' }, {}, {}, {}, { event_id: 'b' }]);
    log[1] = recordAt(1, null);
    log[2] = recordAt(2, Buffer.from('{"event_id":"c"}'));
    log[3] = recordAt(3, Buffer.alloc(70_000));
    const { emitted, failures } = await drive(foldOf(), log);
    expect(failures.map(({ reason, record }) => [record.offset, reason])).toEqual([
      [1, 'empty_value'],
      [2, 'bad_magic'],
      [3, 'too_large'],
    ]);
    expect(emitted.filter(({ topic }) => topic === 'interactions')).toHaveLength(2);
  });

  test('the result is the same however the log is cut into slices', async () => {
    const events = Array.from({ length: 400 }, (_, n) => ({
      event_id: `e${(n * 7_919) % 150}`,
      user_id: `u${n % 13}`,
    }));
    const log = logOf(events);
    const whole = await drive(foldOf(40), log);
    for (const recordsMax of [1, 7, 64]) {
      const cut = await drive(foldOf(40), log, { bounds: { recordsMax } });
      expect(cut.emitted).toEqual(whole.emitted);
      expect(cut.shared?.equals(whole.shared ?? Buffer.alloc(0))).toBe(true);
      expect(cut.skipped).toEqual(whole.skipped);
    }
  });

  test('what decides the result is in the identity, and the order of types is not', () => {
    const config = JSON.stringify(foldOf().config);
    for (const word of ['aheadMsMax', 'ageMsMax', 'idsMax', 'types', 'partitions']) {
      expect(config).toContain(word);
    }
    expect(config).toContain('["purchase","view"]');
  });
});

test('golden: a change of this figure needs a higher revision', async () => {
  const log = logOf([{}, {}, { event_id: 'e2', type: 'stare' }, { event_id: 'e3', value: 2 }]);
  const { emitted, shared } = await drive(foldOf(), log);
  const kept = await interactionsIn(emitted.map(({ value }) => value));
  expect(kept.map(({ event_id, event_clock }) => `${event_id} ${event_clock}`)).toEqual([
    'e1 1',
    'e3 2',
  ]);
  expect(shared?.subarray(0, 32).toString('hex')).toBe(
    '01000000000000000000000000000040dfc45c8b327dec7e13fcf7ce938081a3',
  );
});

test('wrong settings are all named at once', () => {
  const wrong = { FRESHET_INGEST_IDS_MAX: '5', FRESHET_INGEST_AGE_DAYS_MAX: 'old' };
  expect(() => ingestConfig(wrong)).toThrow(UserError);
  expect(() => ingestConfig(wrong)).toThrow(/FRESHET_INGEST_IDS_MAX.*FRESHET_INGEST_AGE_DAYS_MAX/s);
  expect(ingestConfig({}).aheadMsMax).toBe(60_000);
});
