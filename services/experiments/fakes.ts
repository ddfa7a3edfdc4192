import type { LogRecord } from '../../lib/stream/topology.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { experimentsFold, type OutcomeInteraction, type ShownExposure } from './topology.ts';

/** For tests: records hold JSON, and say when they came to their log. */
export const decoder = <T>(): ValueDecoder<T> => ({
  prepare: async () => undefined,
  decode: (value) => ({ ok: true, value: JSON.parse(String(value)) as T }),
});

export const latenessMs = 120_000;

export const foldForTests = () =>
  experimentsFold({
    interactions: {
      topic: 'interactions',
      lineage: 'ingest',
      decoder: decoder<OutcomeInteraction>(),
    },
    exposures: { topic: 'exposures', lineage: 'reserved', decoder: decoder<ShownExposure>() },
    latenessMs,
    horizonMs: 400 * 86_400_000,
  });

export const recordOf = (
  topic: string,
  offset: number,
  { value, atMs }: { readonly value: object; readonly atMs: number },
): LogRecord => ({
  topic,
  partition: 0,
  offset,
  timestampMs: atMs,
  key: null,
  value: Buffer.from(JSON.stringify(value)),
  headers: {},
});

export const exposureOf = (given: Partial<ShownExposure>): ShownExposure => ({
  answer_id: 'a0',
  user_id: 'ann',
  context_id: 'home-feed',
  experiment: 'nearer-or-newer',
  variant: 'a',
  items: [],
  served_at: 0,
  wanted: 3,
  page: 0,
  predicted: true,
  enough: true,
  emptied: false,
  removed: {},
  credit_ms: 600_000,
  outcome_kinds: ['click', 'purchase'],
  kind: 'answer',
  lineage: 'serving',
  source_partition: 0,
  source_offset: 0,
  ...given,
});

export const interactionOf = (given: Partial<OutcomeInteraction>): OutcomeInteraction => ({
  user_id: 'ann',
  item_id: 'tea',
  type: 'click',
  occurred_at: given.appended_at ?? 0,
  context_id: null,
  answer_id: null,
  value: null,
  appended_at: 0,
  lineage: 'ingest',
  source_partition: 0,
  source_offset: 0,
  merged: [],
  merged_from: null,
  ...given,
});
