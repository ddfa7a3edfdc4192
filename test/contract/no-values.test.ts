import { describe, expect, test } from 'vitest';

import { conform } from '../../cli/failed/conform.ts';
import { applyFix, FixFault } from '../../cli/failed/fix.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import type { Fold, LogRecord } from '../../lib/stream/topology.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { externalLimits } from '../../services/external/external.ts';
import { externalFold } from '../../services/external/topology.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import { ingestFold } from '../../services/ingest/topology.ts';
import { ingestTargetsOf, reservedLineage } from '../support/ingest-targets.ts';

/**
 * Reasons and details of failures go to logs, metrics, terminals and tickets, where nobody looks
 * for personal data: they name fields and limits. Every value here has the mark in it.
 */
const mark = 'SECRET';
const atMs = 1_700_000_000_000;
const secretEvent: UserEvent = {
  event_id: `${mark}-event`,
  user_id: `${mark}-user`,
  item_id: `${mark}-item`,
  type: 'view',
  occurred_at: atMs,
  context_id: `${mark}-context`,
  answer_id: `${mark}-answer`,
  session_id: `${mark}-session`,
  value: 1,
  attributes: { [`${mark}-name`]: `${mark}-value` },
};
const secretList: ExternalCandidates = {
  source: `${mark}-source`,
  user_id: `${mark}-user`,
  items: [{ item_id: `${mark}-item`, score: 1 }],
  computed_at: atMs,
  forgotten: null,
};

const decoderOf = <T>(schema: object): TopicDecoder<T> =>
  new TopicDecoder<T>({
    registry: memoryRegistry({ 7: schema }),
    subject: 'topic-value',
    schema,
    valueBytesMax: 4_096,
    graceMs: [],
  });
const ingest = ingestFold({
  topic: 'user-events',
  ...ingestTargetsOf(1),
  decoder: decoderOf<UserEvent>(userEventSchema),
  limits: { ...ingestConfig({}), types: new Set(['view']) },
  idsMax: 1_024,
  mergedEventsMax: 3,
  horizonMs: 1,
});
const external = externalFold({
  topic: 'external-candidates',
  lineage: reservedLineage,
  decoder: decoderOf<ExternalCandidates>(externalCandidatesSchema),
  limits: externalLimits,
  partitions: 8,
  horizonMs: 1,
});

interface Failure {
  readonly reason: string;
  readonly detail: string;
}

async function failureOf<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  value: Buffer | null,
): Promise<Failure> {
  const record: LogRecord = {
    topic: fold.input.topic,
    partition: 0,
    offset: 0,
    timestampMs: atMs,
    key: Buffer.from(`${mark}-key`),
    value,
    headers: { source: Buffer.from(mark) },
  };
  await fold.input.prepare([record]);
  const { verdict } = fold.input.decode(record);
  if (verdict.kind !== 'reject') throw new Error('it was taken');
  return verdict;
}

const event = (more: Partial<UserEvent>): Buffer =>
  encoderFor<UserEvent>(userEventSchema, 7)({ ...secretEvent, ...more });
const list = (more: Partial<ExternalCandidates>): Buffer =>
  encoderFor<ExternalCandidates>(externalCandidatesSchema, 7)({ ...secretList, ...more });
const long = `${mark}${'x'.repeat(200)}`;
const odd = `${mark}\u0001`;

const spoilt = (good: Buffer): (Buffer | null)[] => [
  null,
  Buffer.from(`{"user_id":"${mark}"}`),
  good.subarray(0, 3),
  good.subarray(0, -2),
  Buffer.concat([good, Buffer.from(mark)]),
  Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), Buffer.from(mark)]),
  Buffer.concat([good.subarray(0, 6), Buffer.from([0xff]), good.subarray(7)]),
  Buffer.concat([good.subarray(0, 5), Buffer.alloc(5_000, mark)]),
];

const bad = {
  ingest: [
    ...spoilt(event({})),
    ...(
      ['event_id', 'user_id', 'item_id', 'context_id', 'answer_id', 'session_id'] as const
    ).flatMap((name) => ['', long, odd].map((text) => event({ [name]: text }))),
    event({ type: `${mark}-type` }),
    event({ occurred_at: atMs + 86_400_000 }),
    event({ occurred_at: 1 }),
    event({ value: Number.NaN }),
    event({ attributes: { [mark]: 'x'.repeat(4_096 - 250) } }),
    event({
      attributes: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${mark}${n}`, mark])),
    }),
  ],
  external: [
    ...spoilt(list({})),
    list({}),
    ...['', long, odd].flatMap((text) => [
      list({ source: text }),
      list({ user_id: text }),
      list({ items: [{ item_id: text, score: 1 }] }),
    ]),
    list({ items: [{ item_id: mark, score: Number.NaN }] }),
    list({ computed_at: atMs + 86_400_000 }),
    list({ computed_at: -1 }),
  ],
};

describe('what is said of a failure', () => {
  test.each([
    ['ingest', ingest, bad.ingest],
    ['external', external, bad.external],
  ] as const)('at %s holds nothing of the record', async (_, fold, values) => {
    const reasons = new Set<string>();
    for (const value of values) {
      const failure = await failureOf(
        fold as Fold<unknown, unknown, unknown, unknown>,
        value,
      ).catch(() => null);
      // Some, as an empty session, are for ingest to take.
      if (failure === null) continue;
      reasons.add(failure.reason);
      expect(failure.reason).toMatch(/^[a-z_]+$/);
      expect(`${failure.reason} ${failure.detail}`).not.toContain(mark);
    }
    expect(reasons.size).toBeGreaterThan(10);
  });

  test('by an encoder that is given it holds none of it either', () => {
    const wrong: readonly [object, object][] = [
      [userEventSchema, { ...secretEvent, occurred_at: mark }],
      [userEventSchema, { ...secretEvent, attributes: { [mark]: 5 } }],
      [externalCandidatesSchema, { ...secretList, items: [{ item_id: mark, score: mark }] }],
    ];
    for (const [schema, value] of wrong) {
      expect(() => encoderFor(schema, 7)(value)).toThrow(/^not a freshet\./);
      expect(() => encoderFor(schema, 7)(value)).not.toThrow(mark);
    }
  });

  test('by a fix that cannot be applied holds none of it either', () => {
    const source = { appendedAtMs: 1, positionId: 'p', key: null, header: () => null };
    const failing = [
      () => applyFix({ a: mark, b: mark }, { rename: { a: 'b' } }, source),
      () => applyFix({ a: mark }, { times: { a: 2 } }, source),
      () => applyFix({ a: mark }, { set: { b: '@key' } }, source),
      () => conform({ event_id: mark }, userEventSchema),
    ];
    for (const work of failing) {
      expect(work).toThrow(FixFault);
      expect(work).not.toThrow(mark);
    }
  });
});
