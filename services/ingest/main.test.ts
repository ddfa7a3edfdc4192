import { expect, test } from 'vitest';

import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { externalCandidatesSchema } from '../../schemas/generated/external-candidates.ts';
import { interactionSchema } from '../../schemas/generated/interaction.ts';
import { ingestConfig } from './config.ts';
import { openIngestFold } from './main.ts';

const config = commonConfig({
  FRESHET_KAFKA_BROKERS: 'h:1',
  FRESHET_REGISTRY_URL: 'http://h:2',
  FRESHET_REDIS_URL: 'redis://h:3',
});
const lineageWith = async (settings: Record<string, string>): Promise<string> => {
  const registry = memoryRegistry({
    1: interactionSchema,
    2: exposureSchema,
    3: externalCandidatesSchema,
  });
  const fold = await openIngestFold(config, registry, ingestConfig(settings));
  return foldIdentity(fold, 4).lineage;
};

test('whatever decides what is accepted is part of the identity', async () => {
  const settings = [
    {},
    { FRESHET_INGEST_IDS_MAX: '2048' },
    { FRESHET_INGEST_EVENT_BYTES_MAX: '2048' },
    { FRESHET_INGEST_AHEAD_MS_MAX: '1' },
    { FRESHET_INGEST_AGE_DAYS_MAX: '1' },
    { FRESHET_ANONYMOUS_PREFIX: 'anon-' },
    { FRESHET_ANONYMOUS_PREFIX: 'anon-', FRESHET_MERGED_EVENTS_MAX: '7' },
  ];
  const lineages = await Promise.all(settings.map(lineageWith));
  expect(new Set(lineages).size).toBe(settings.length);
  expect(await lineageWith({ FRESHET_INGEST_EVENT_BYTES_MAX: '65536' })).toBe(lineages[0]);
  // Of anonymous users, and there are none.
  expect(await lineageWith({ FRESHET_MERGED_EVENTS_MAX: '7' })).toBe(lineages[0]);
});

test('golden: an installation that changes nothing keeps its state', async () => {
  expect(await lineageWith({})).toBe('vRXbL_PQaNSu');
});
