import { z } from 'zod';
import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';

export interface IngestConfig {
  readonly idsMax: number;
  readonly valueBytesMax: number;
  readonly aheadMsMax: number;
  readonly ageMsMax: number;
  readonly idBytesMax: number;
  readonly attributesMax: number;
  readonly attributesBytesMax: number;
  readonly anonymousPrefix: string;
  readonly mergedEventsMax: number;
}

const dayMs = 24 * 60 * 60 * 1_000;
/** Stated limits of an event: packed states and keys in Redis are laid out for them. */
const idBytesMax = 128;
const attributesMax = 32;
const attributesBytesMax = 4 * 1024;
export const valueBytesMaxDefault = 65_536;

const schema = z.object({
  FRESHET_INGEST_IDS_MAX: whole(1_024, 16_777_216).default(262_144),
  FRESHET_INGEST_EVENT_BYTES_MAX: whole(1_024, 262_144).default(valueBytesMaxDefault),
  FRESHET_INGEST_AHEAD_MS_MAX: whole(0, dayMs).default(60_000),
  FRESHET_INGEST_AGE_DAYS_MAX: whole(1, 36_500).default(1_826),
  FRESHET_ANONYMOUS_PREFIX: z.string().max(32, 'takes at most 32 characters').default(''),
  FRESHET_MERGED_EVENTS_MAX: whole(1, 200).default(50),
});

export function ingestConfig(environment: Environment = process.env): IngestConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    idsMax: settings.FRESHET_INGEST_IDS_MAX,
    valueBytesMax: settings.FRESHET_INGEST_EVENT_BYTES_MAX,
    aheadMsMax: settings.FRESHET_INGEST_AHEAD_MS_MAX,
    ageMsMax: settings.FRESHET_INGEST_AGE_DAYS_MAX * dayMs,
    idBytesMax,
    attributesMax,
    attributesBytesMax,
    anonymousPrefix: settings.FRESHET_ANONYMOUS_PREFIX,
    mergedEventsMax: settings.FRESHET_MERGED_EVENTS_MAX,
  });
}
