import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { poisonFor } from '../../bench/faults/poison-values.ts';
import { setAside } from '../../bench/faults/rows/22-poison.ts';
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

test('every poison is set aside once with its reason and raw bytes, and the partition goes on', async () => {
  const bad = await poisonFor(pipeline.userEvents, pipeline.bed.registry);
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
  const failed = await setAside(pipeline.bed);
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
