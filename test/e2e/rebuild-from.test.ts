import { afterEach, expect, inject, test } from 'vitest';

import { now } from '../../lib/clock.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';
import { runRebuild } from '../support/rebuild-command.ts';

/** A build that begins within its log, and one of the same settings that begins where the log does. */
let pipeline: Pipeline;

afterEach(() => pipeline.close());

test('a build from a time on is switched to where a partition has nothing since, and is no other’s', async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    'rebuild-from',
  );
  const rebuild = (...words: string[]) => runRebuild(pipeline.bed.environment, words);
  const verify = async (): Promise<number> => (await pipeline.verify()).differences;
  const services = ['ingest', 'user-features'];
  await pipeline.publish(someEvents(400, 1));
  await pipeline.run(services);
  await pipeline.caughtUp(['user-features']);
  const from = now() + 1;
  while (now() <= from) await new Promise((resolve) => setImmediate(resolve));
  const late = someEvents(100, 2).filter(
    ({ user_id: user }) => partitionOf(user ?? '', pipeline.bed.config.partitions) === 0,
  );
  await pipeline.publish(late);
  await pipeline.caughtUp(['user-features']);

  const time = new Date(from).toISOString();
  const part = await rebuild('user-features', '--from', time, '--no-switch');
  expect(part.reports, part.stderr).toMatchObject([{ build: 1, switched: false }]);
  const whole = await rebuild('user-features');
  expect(whole.reports, whole.stderr).toMatchObject([
    { build: 2, switched: true, found: 0, compared: { share: 0 } },
  ]);
  expect(whole.stderr).toMatch(/what was begun otherwise \(1\) is left; --drop deletes it/);
  expect(await verify()).toBe(0);
  const dropped = (await rebuild('--drop')).reports as unknown;
  expect(dropped).toMatchObject([{ dropped: [{ fold: 'user-features', build: 1 }] }]);

  const cut = await rebuild('user-features', '--from', time);
  expect(cut.reports, cut.stderr).toMatchObject([
    { build: 3, switched: true, records: late.length, found: 0 },
  ]);
  await pipeline.publish(someEvents(100, 3));
  await pipeline.caughtUp(['user-features']);
  expect(await verify()).toBe(0);
});
