import { afterEach, beforeEach, expect, inject, test } from 'vitest';

import { readCatalogue } from '../../cli/data/definitions.ts';
import { keysOfGeneration } from '../../cli/data/generation-keys.ts';
import { dropGenerations } from '../../cli/rebuild/drop.ts';
import { FoldBuild } from '../../cli/rebuild/fold-build.ts';
import { type FoldToBuild, planFold } from '../../cli/rebuild/plan.ts';
import { type AnyFold, makeFolds } from '../../cli/verify/folds.ts';
import { readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, readCurrent, replaceCurrent } from '../../lib/stream/current.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';
import { quietly } from '../support/rebuild-command.ts';

/** What becomes of builds that somebody else has given up, or that nobody lived to write down. */
let pipeline: Pipeline;
let made = 0;

beforeEach(async () => {
  made += 1;
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    `rebuild-left-${made}`,
  );
});

afterEach(() => pipeline.close());

const foldNamed = async (name: string): Promise<AnyFold> => {
  const { config, redis, registry } = pipeline.bed;
  const catalogue = await readCatalogue(config);
  const folds = await makeFolds({ config, redis, registry, catalogue }, []);
  return folds.find((fold) => fold.name === name) as AnyFold;
};

const planned = (fold: AnyFold): Promise<FoldToBuild> =>
  planFold(fold, quietly(pipeline.bed.config));

const currentOf = async (name: string): Promise<CurrentGeneration> => {
  const { redis, config } = pipeline.bed;
  const current = await readCurrent(redis, config.prefix, name);
  if (current === null) throw new Error(`${name} has no state`);
  return current;
};
const buildsOf = (name: string) => readBuilds(pipeline.bed.redis, pipeline.bed.config.prefix, name);
const dropAll = (name: string) => dropGenerations(name, { ...pipeline.bed, all: true });
const keysOf = async (generation: CurrentGeneration): Promise<number> =>
  (await keysOfGeneration(pipeline.bed.redis, generation)).size;

const foldedSeenItems = async (): Promise<CurrentGeneration> => {
  await pipeline.publish(someEvents(300, 1));
  await pipeline.run(['ingest', 'seen-items']);
  await pipeline.caughtUp(['ingest', 'seen-items']);
  return currentOf('seen-items');
};

test('a build that was dropped before it began to fold never becomes current, and leaves nothing', async () => {
  const before = await foldedSeenItems();
  const given = await planned(await foldNamed('seen-items'));
  const { generation } = given.building;
  expect(await dropAll('seen-items')).toMatchObject([{ fold: 'seen-items', build: 1 }]);
  const build = await FoldBuild.start(given);
  try {
    await build.untilLevel();
    await build.compare();
    await expect(build.switch()).rejects.toThrow(/was dropped meanwhile/);
    expect(await currentOf('seen-items')).toEqual(before);
    // Who folds it still would only write anew what is deleted.
    expect(await dropAll('seen-items')).toEqual([]);
    expect((await buildsOf('seen-items')).dropping).toEqual([generation]);
  } finally {
    await build.stop();
  }
  expect(await keysOf(generation)).toBeGreaterThan(100);
  expect(await dropAll('seen-items')).toMatchObject([{ fold: 'seen-items', build: 1 }]);
  expect([await keysOf(generation), (await buildsOf('seen-items')).dropping]).toEqual([0, []]);
});

test('what a switch has replaced is deleted though nobody lived to write the switch down', async () => {
  const before = await foldedSeenItems();
  const given = await planned(await foldNamed('seen-items'));
  const { generation: after } = given.building;
  const build = await FoldBuild.start(given);
  try {
    await build.untilLevel();
  } finally {
    await build.stop();
  }
  const { redis, config } = pipeline.bed;
  await replaceCurrent(redis, config.prefix, { expected: before, next: after });
  expect(await dropAll('seen-items')).toMatchObject([{ fold: 'seen-items', build: 0 }]);
  expect([await keysOf(before), await currentOf('seen-items')]).toEqual([0, after]);
  expect(await keysOf(after)).toBeGreaterThan(100);
  expect(await buildsOf('seen-items')).toMatchObject({ building: null, kept: [], dropping: [] });
});

test('control folded under another identity says nothing again of what it has published', async () => {
  const { admin, config } = pipeline.bed;
  const fold = await foldNamed('control');
  const topics = ['models', 'contexts', 'experiments', 'command-results'];
  const ends = (): Promise<unknown> =>
    Promise.all(topics.map((topic) => admin.topicOffsets(`${config.prefix}.${topic}.v1`)));
  const published = await ends();
  const build = await FoldBuild.start(await planned({ ...fold, revision: fold.revision + 1 }));
  try {
    await build.untilLevel();
    await build.compare();
    await build.switch();
  } finally {
    await build.stop();
  }
  expect(build.report).toMatchObject({ switched: true, compared: { share: 0 } });
  expect(await ends()).toEqual(published);
});
