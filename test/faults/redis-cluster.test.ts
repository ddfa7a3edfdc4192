import { execa } from 'execa';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { ServiceProcess } from '../../bench/service-process.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { slotOf } from '../../lib/redis/slot.ts';
import { tagOf } from '../../lib/redis/tags.ts';
import { storeConformance } from '../../lib/stream/store.conformance.ts';
import { redisStore } from '../../lib/stream/store.ts';
import { testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { RedisCluster } from '../support/redis-cluster.ts';
import { openRedisServers, type RedisServers } from '../support/redis-servers.ts';
import { putUnderLoad, type UnderLoad } from '../support/under-load.ts';

/**
 * A Redis Cluster of three primaries and three replicas that loses a primary, and whose slots move
 * while the state in them is written. One installation goes through all of it, under load.
 */
let servers: RedisServers;
let cluster: RedisCluster;
let pipeline: Pipeline;
let world: UnderLoad;
let services: ServiceProcess;

beforeAll(async () => {
  servers = await openRedisServers();
  cluster = await RedisCluster.make(servers);
  const { url } = cluster;
  pipeline = await openPipeline({ ...testStack(), redisUrl: url }, 'cluster', {
    FRESHET_SLICE_RECORDS_MAX: '100',
  });
  world = await putUnderLoad(pipeline);
  services = await world.start();
});

afterAll(async () => {
  for (const port of opened) await port.close();
  await world.close();
  await pipeline.close();
  await servers.close();
});

const opened: RedisPort[] = [];
storeConformance('in a Redis Cluster', async () => {
  const port = await openRedis({ url: cluster.url });
  opened.push(port);
  for await (const keys of port.scan('{t}*')) await Promise.all(keys.map((key) => port.del(key)));
  return redisStore(port);
});

const slotOfState = (family: 'user' | 'item' | 'source', partition: number): number =>
  slotOf(tagOf(family, partition).slice(1, -1));

/** Of ingest's first partition. */
const slot = (): number => slotOfState('source', 0);

test('a primary is killed: its replica takes over, and services go on', async () => {
  await world.folded(300);
  const primary = await cluster.ownerOf(slot());
  await primary.kill();
  await cluster.takenFrom(primary, slot());
  await world.folded(300);
  await primary.restart();
  await cluster.inStep();
  await world.settled();
});

test('slots move while the state in them is written', async () => {
  world.goOn();
  for (const moving of [slotOfState('user', 0), slotOfState('source', 1), slotOfState('item', 1)]) {
    await world.folded(50);
    const from = await cluster.ownerOf(moving);
    const [to] = (await cluster.primaries()).filter((node) => node !== from);
    if (to === undefined) throw new Error('there is one primary');
    const before = await cluster.refusals('TRYAGAIN');
    const met = async (): Promise<void> =>
      vi.waitFor(async () => expect(await cluster.refusals('TRYAGAIN')).toBeGreaterThan(before), {
        timeout: 60_000,
        interval: 20,
      });
    const moved = await cluster.moveSlot(moving, to, met);
    expect(moved).toBeGreaterThan(1);
  }
  await world.folded(200);
  await world.settled();
});

/** A command as a user types it, and what it prints. */
async function freshet(...words: string[]): Promise<Record<string, unknown>> {
  const main = join(projectDir, 'cli', 'main.ts');
  const env = {
    ...pipeline.bed.environment,
    FRESHET_STATE_FILE: join(pipeline.bed.dir, 'stack.json'),
  };
  const { stdout } = await execa(process.execPath, [main, ...words, '--json'], {
    env,
    extendEnv: false,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('commands take a cluster as they take one Redis', async () => {
  expect(await freshet('up')).toMatchObject({ running: true, mode: 'outside', cure: null });
  expect(await freshet('status')).toMatchObject({ addresses: { redisUrl: cluster.url } });
  expect(await freshet('user', 'u1', '--no-titles')).toMatchObject({ user_id: 'u1' });
  expect(await freshet('why', '--user', 'u1', '--context', 'home-feed')).toMatchObject({});
  expect(await freshet('rebuild', 'seen-items')).toMatchObject({ fold: 'seen-items' });
  expect(await freshet('sweep')).toMatchObject({});
  await world.settled();
});

test('a cluster of which any node would evict is refused at the start', async () => {
  const replica = await cluster.replicaOf(slot());
  await replica.command('CONFIG SET maxmemory-policy allkeys-lru');
  await expect(pipeline.run(['ingest']).then(({ ended }) => ended)).rejects.toThrow(
    /code 70.*evicts keys \(maxmemory-policy allkeys-lru\)/,
  );
});

test('... and by who runs already, when that node becomes a primary', async () => {
  const primary = await cluster.ownerOf(slot());
  await primary.kill();
  await expect(services.ended).rejects.toThrow(/code 70.*evicts keys/);
  await cluster.takenFrom(primary, slot());
  await primary.restart();
  for (const node of cluster.nodes) await node.command('CONFIG SET maxmemory-policy noeviction');
});

test('a part of the cluster that is empty stops who kept state there, and is folded again', async () => {
  await (await cluster.ownerOf(slot())).command('FLUSHALL');
  const says = /code 70.*state was lost.*npx freshet rebuild ingest/;
  await expect(pipeline.run(['ingest']).then(({ ended }) => ended)).rejects.toThrow(says);
  // A build would follow what is current, of which this part stands still.
  await expect(freshet('rebuild', 'ingest')).rejects.toThrow('run ingest --bootstrap');
  await pipeline.run(['ingest', '--bootstrap']);
  await pipeline.caughtUp(['ingest']);
});
