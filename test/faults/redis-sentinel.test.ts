import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { RedisSentinels } from '../support/redis-sentinels.ts';
import { openRedisServers, type RedisServers } from '../support/redis-servers.ts';
import { putUnderLoad, type UnderLoad } from '../support/under-load.ts';

/**
 * A primary that is watched by sentinels, and lost twice: killed with a tail that no replica has,
 * and frozen. One installation goes through both, all services under load.
 */
let servers: RedisServers;
let sentinels: RedisSentinels;
let pipeline: Pipeline;
let world: UnderLoad;
let asleep: number | null = null;

const wake = (): void => {
  if (asleep !== null) process.kill(asleep, 'SIGCONT');
  asleep = null;
};

beforeAll(async () => {
  servers = await openRedisServers();
  sentinels = await RedisSentinels.make(servers);
  const { url } = sentinels;
  pipeline = await openPipeline({ ...testStack(), redisUrl: url }, 'sentinel', {
    FRESHET_SLICE_RECORDS_MAX: '100',
  });
  world = await putUnderLoad(pipeline);
});

afterEach(wake);

afterAll(async () => {
  await world.close();
  await pipeline.close();
  await servers.close();
});

test('a primary is killed, and its replica has not got its last writes: replay heals', async () => {
  const services = await world.start();
  await world.folded(300);
  await sentinels.cutReplication();
  await world.folded(300);
  // Nothing is folded while it is looked how much was lost.
  process.kill(services.pid, 'SIGSTOP');
  asleep = services.pid;
  const before = await world.stored();
  const primary = await sentinels.primary();
  await primary.kill();
  await sentinels.takenFrom(primary);
  expect(before - (await world.stored())).toBeGreaterThanOrEqual(300);
  // They believe to be where they were: what they would write next is refused.
  wake();
  await world.settled();
});

test('a primary is frozen, and wakes when another one has its place', async () => {
  await sentinels.inStep();
  world.goOn();
  await world.folded(200);
  const primary = await sentinels.primary();
  primary.freeze();
  await sentinels.takenFrom(primary);
  await world.folded(200);
  primary.goOn();
  await world.folded(200);
  await world.settled();
});
