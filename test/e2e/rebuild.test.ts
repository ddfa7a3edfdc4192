import { afterEach, expect, inject, test, vi } from 'vitest';

import { keysOfGeneration } from '../../cli/data/generation-keys.ts';
import { readCatalogue } from '../../cli/data/definitions.ts';
import { currentGenerations } from '../../cli/data/progress-of-services.ts';
import { FoldBuild } from '../../cli/rebuild/fold-build.ts';
import { planFold } from '../../cli/rebuild/plan.ts';
import { type AnyFold, makeFolds } from '../../cli/verify/folds.ts';
import { readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, currentKey, readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';
import { quietly, type RebuildEnded, runRebuild } from '../support/rebuild-command.ts';

/** Rebuilding beside services that go on, on real processes; only zero differences will do. */
let pipeline: Pipeline;
let made = 0;

const open = async (): Promise<void> => {
  made += 1;
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    `rebuild-${made}`,
    { FRESHET_KAFKA_SESSION_TIMEOUT_MS: '3000', FRESHET_SLICE_RECORDS_MAX: '200' },
  );
};

afterEach(async () => {
  vi.unstubAllEnvs();
  await pipeline.close();
});

const rebuild = (
  words: readonly string[],
  more: Record<string, string> = {},
): Promise<RebuildEnded> => runRebuild({ ...pipeline.bed.environment, ...more }, words);

const zero = async (): Promise<void> => {
  await pipeline.caughtUp();
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
};

const buildOf = async (fold: string): Promise<number | null> => {
  const { redis, config } = pipeline.bed;
  const current = await readCurrent(redis, config.prefix, fold);
  return current === null ? null : (current.build ?? 0);
};

const emissions = async (): Promise<number> => {
  const topic = pipeline.userEvents.replace('user-events', 'item-signals');
  const rows = await pipeline.bed.admin.topicOffsets(topic);
  return rows.reduce((sum, { high }) => sum + high, 0);
};

test('a build that is killed at every stage ends as the log says, and can be gone back from', async () => {
  await open();
  await pipeline.publish(someEvents(2_000, 1));
  const live = await pipeline.run(folding);
  await pipeline.caughtUp();
  const before = await emissions();

  const folded = await rebuild(['signals'], { FRESHET_FAILPOINT: 'after_commit:3' });
  expect(folded.signal, folded.stderr).toBe('SIGKILL');
  await pipeline.publish(someEvents(200, 2));
  const closed = await rebuild(['signals'], { FRESHET_FAILPOINT: 'before_switch' });
  expect(closed.signal, closed.stderr).toBe('SIGKILL');
  expect(await buildOf('signals')).toBe(0);

  const publishing = pipeline.publish(someEvents(500, 3));
  const done = await rebuild(['signals']);
  await publishing;
  expect(done.reports, done.stderr).toMatchObject([
    { fold: 'signals', build: 1, switched: true, compared: { share: 0, notCompared: 0 } },
  ]);
  await pipeline.publish(someEvents(100, 4));
  await zero();
  expect(await buildOf('signals')).toBe(1);
  // Emitted once by the old one or once by the new one: 800 interactions, two partitions of items.
  expect((await emissions()) - before).toBeLessThan(2 * 800 + 400);

  const back = await rebuild(['signals', '--back']);
  expect(back.reports, back.stderr).toMatchObject([{ build: 0, switched: true }]);
  await pipeline.publish(someEvents(100, 5));
  await zero();
  expect((await rebuild(['--drop', '--yes'])).code).toBe(0);
  await zero();
  expect(live.pid).toBeGreaterThan(0);
  await expect(fetch(`${live.url}/readyz`).then(({ ok }) => ok)).resolves.toBe(true);
});

test('lost state is folded again, and readers see none of it before it is whole', async () => {
  await open();
  await pipeline.publish(someEvents(1_500, 6));
  const first = await pipeline.run(folding);
  await pipeline.caughtUp();
  await first.stop();
  const { redis, config } = pipeline.bed;
  for (const generation of await currentGenerations(redis, config.prefix)) {
    await redis.del(currentKey(config.prefix, generation.name));
    for (const key of await keysOfGeneration(redis, generation)) await redis.del(key);
  }
  await expect(pipeline.run(['ingest'])).rejects.toThrow(/state was lost.*freshet rebuild ingest/);
  const before = await emissions();
  const services = ['control', 'ingest', 'user-features', 'seen-items', 'signals', 'learning'];
  const killed = await rebuild(services, { FRESHET_FAILPOINT: 'after_commit:4' });
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  const done = await rebuild(services);
  expect(done.code, done.stderr).toBe(0);
  expect(await emissions()).toBe(before);
  await zero();
  await pipeline.run(folding);
  await pipeline.publish(someEvents(100, 7));
  await zero();
});

test('what the current one has lost is new in the other, and stops the switch', async () => {
  await open();
  await pipeline.publish(someEvents(300, 12));
  const live = await pipeline.run(['ingest', 'seen-items']);
  await pipeline.caughtUp(['seen-items']);
  const { redis, config } = pipeline.bed;
  const current = await readCurrent(redis, config.prefix, 'seen-items');
  if (current === null) throw new Error('seen-items has no state');
  const keys = foldKeys(current);
  const headers = [0, 1].map((partition) => keys.header(partition));
  for (const key of await keysOfGeneration(redis, current))
    if (!headers.includes(key)) await redis.del(key);
  const refused = await rebuild(['seen-items', '--differ-max', '0.05']);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/not switched, since 100.00 % of \d+ values differ/),
  ]);
  const mended = await rebuild(['seen-items']);
  expect(mended.reports, mended.stderr).toMatchObject([{ switched: true, found: 300 }]);
  await live.stop();
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
});

test('other settings are another generation, which takes over while the old ones end', async () => {
  await open();
  await pipeline.publish(someEvents(1_000, 8));
  await pipeline.run(['ingest']);
  const old = await pipeline.run(['user-features']);
  await pipeline.caughtUp(['user-features']);
  const other = { FRESHET_RECENT_ITEMS_MAX: '3' };
  const built = await rebuild(['user-features', '--no-switch'], other);
  expect(built.reports, built.stderr).toMatchObject([{ switched: false }]);
  const refused = await rebuild(['user-features', '--differ-max', '0.01'], other);
  expect(refused.stderr).toMatch(/not switched, since .* differ/);
  // Waits for its turn, which comes with the switch.
  const next = pipeline.run(['user-features'], other);
  const done = await rebuild(['user-features'], other);
  expect(done.reports, done.stderr).toMatchObject([{ switched: true, build: 0 }]);
  await pipeline.publish(someEvents(100, 9));
  await expect(old.ended).rejects.toThrow(/another identity is current/);
  await next;
  await pipeline.caughtUp(['user-features']);
  vi.stubEnv('FRESHET_RECENT_ITEMS_MAX', '3');
  const { services } = await pipeline.verify();
  const own = services.find(({ service }) => service === 'user-features');
  expect(own, JSON.stringify(own)).toMatchObject({ differences: 0 });
});

test('another emission is built together with what reads it, and old readers end', async () => {
  await open();
  await pipeline.publish(someEvents(800, 10));
  await pipeline.run(['ingest', 'user-features', 'seen-items']);
  const old = await pipeline.run(['signals', 'learning']);
  await pipeline.caughtUp();
  const other = { FRESHET_PAIRED_ITEMS_MAX: '4' };
  const built = await rebuild(['signals', '--no-switch'], other);
  const folds = built.reports.map(({ fold }) => fold);
  expect(folds[0], built.stderr).toBe('signals');
  expect(folds.filter((fold) => fold.startsWith('learning:')).length).toBe(folds.length - 1);
  expect(folds.length).toBeGreaterThan(1);
  await pipeline.publish(someEvents(100, 11));
  const next = pipeline.run(['signals'], other);
  const done = await rebuild(['signals'], other);
  expect(
    done.reports.map(({ switched }) => switched),
    done.stderr,
  ).toEqual(folds.map(() => true));
  await pipeline.publish(someEvents(100, 12));
  await expect(old.ended).rejects.toThrow(/another identity is current/);
  await next;
  await pipeline.run(['learning'], other);
  vi.stubEnv('FRESHET_PAIRED_ITEMS_MAX', '4');
  await zero();
});

test('an old layout of state becomes a new one beside it, value by value', async () => {
  await open();
  await pipeline.publish(someEvents(600, 13));
  await pipeline.run(['ingest']);
  const old = await pipeline.run(['seen-items']);
  await pipeline.caughtUp(['ingest', 'seen-items']);
  const { config, redis, registry } = pipeline.bed;
  const catalogue = await readCatalogue(config);
  const folds = await makeFolds({ config, redis, registry, catalogue }, []);
  const fold = folds.find(({ name }) => name === 'seen-items') as AnyFold;
  const build = await FoldBuild.start(
    await planFold(inNewLayout(fold), quietly(pipeline.bed.config)),
  );
  try {
    await build.untilLevel();
    await build.compare();
    await pipeline.publish(someEvents(50, 14));
    await build.switch();
  } finally {
    await build.stop();
  }
  // Every value is another one, and none is missing.
  expect(build.report).toMatchObject({ switched: true, compared: { share: 1, onlyBefore: 0 } });
  await expect(old.ended).rejects.toThrow(/another identity is current/);
  const { kept } = await readBuilds(redis, config.prefix, 'seen-items');
  const [before, after] = [
    kept[0]?.generation,
    await readCurrent(redis, config.prefix, 'seen-items'),
  ];
  const rows = await rowsOf(before as CurrentGeneration);
  expect(rows.size).toBeGreaterThan(100);
  for (const [user, bytes] of await rowsOf(after as CurrentGeneration))
    expect([user, bytes?.subarray(1)]).toEqual([user, rows.get(user)]);
});

/** One byte more in front of each row. */
const inNewLayout = (fold: AnyFold): AnyFold => ({
  ...fold,
  layout: fold.layout + 1,
  rows: {
    decode: (bytes) => fold.rows.decode(bytes.subarray(1)),
    encode: (row) => {
      const write = fold.rows.encode(row);
      if (!('whole' in write)) throw new Error('these rows are written whole');
      return { whole: Buffer.concat([Buffer.from([0xff]), write.whole]) };
    },
    bytes: (row) => fold.rows.bytes(row) + 1,
  },
});

async function rowsOf(generation: CurrentGeneration): Promise<Map<string, Buffer | null>> {
  const { redis } = pipeline.bed;
  const rows = new Map<string, Buffer | null>();
  const { code, id4 } = generation;
  for await (const page of redis.scan(`{??}${code}${id4}*`))
    for (const key of page) rows.set(key.slice(9), (await redis.mget([key]))[0] ?? null);
  return rows;
}
