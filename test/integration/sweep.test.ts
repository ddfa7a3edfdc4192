import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { sweepAll } from '../../cli/sweep/sweep.ts';
import { kinds } from '../../models/kinds.ts';
import { learnersOf } from '../../services/learning/learners.ts';
import { readDefinitions } from '../../cli/data/definitions.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { currentKey, readCurrent } from '../../lib/stream/current.ts';
import { FoldPartition } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { defaultPoisonLimits, PoisonMeter } from '../../lib/stream/poison.ts';
import { redisStore, type StateStore } from '../../lib/stream/store.ts';
import {
  emptyTally,
  lookAtRows,
  sweepChunk,
  type SweepTally,
} from '../../lib/stream/sweep-rows.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { decodeCandidates, encodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { completeFromMs } from '../../schemas/packed/seen-items.ts';
import { forgettingFold, forgettingOracle, happened } from '../support/forgetting-fold.ts';
import { openRedisServers, type RedisServers } from '../support/redis-servers.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

const command = new URL('../../bin/freshet.js', import.meta.url).pathname;
const dayMs = 86_400_000;
const services = [...folding, 'candidates'];
const horizonDays = 400;

describe('`freshet sweep` beside running services', () => {
  let pipeline: Pipeline;
  const prefix = `sweep-${randomUUID().slice(0, 8)}`;

  beforeAll(async () => {
    pipeline = await openPipeline(
      {
        kafkaBrokers: inject('kafkaBrokers'),
        registryUrl: inject('registryUrl'),
        redisUrl: inject('redisUrl'),
      },
      prefix,
    );
  });
  afterAll(() => pipeline.close());

  const sweep = (dryRun = false) => sweepAll({ config: pipeline.bed.config, dryRun });
  const nowMs = Date.now();
  /** Each user has an event at least, so both partitions have. */
  const users = (name: string, count: number, ageDays: number): Partial<UserEvent>[] =>
    someEvents(count * 3, count).map((event, n) => ({
      ...event,
      event_id: `${name}-${n}`,
      user_id: `${name}${n % count}`,
      // Nobody visits now what was visited then.
      item_id: ageDays > 0 ? `gone-${event.item_id}` : (event.item_id ?? ''),
      occurred_at: nowMs - ageDays * dayMs - (n % 50) * 1_000,
    }));
  const row = async (fold: string, user: string, key = user): Promise<Buffer | null> => {
    const { redis } = pipeline.bed;
    const current = await readCurrent(redis, prefix, fold);
    if (current === null) throw new Error(`${fold} was never started`);
    const partition = partitionOf(user, current.partitions);
    return (await redis.mget([foldKeys(current).row(partition, key)]))[0] ?? null;
  };
  const tallyOf = (
    report: { readonly folds: readonly ({ fold: string } & SweepTally)[] },
    name: string,
  ) => report.folds.find(({ fold }) => fold === name);

  test('deletes who stayed away, under load, and nothing else can tell', async () => {
    const running = await pipeline.run(services);
    const old = users('old', 300, 2 * horizonDays);
    const gone = new Set(old.map(({ item_id: item }) => item ?? ''));
    const goneItem = [...gone][0] ?? '';
    await pipeline.publish(old);
    await pipeline.caughtUp(services);
    for (const { expired } of (await sweep()).folds) expect(expired).toBe(0);
    const learners = [
      ...learnersOf(
        (await readDefinitions(pipeline.bed.config)).catalogue.modelsInUse(),
        kinds,
      ).values(),
    ];
    const forgetting = learners
      .filter(({ side }) => side.lastMs !== undefined)
      .map(({ name }) => name);
    expect(forgetting.map((name) => name.split('-')[0])).toContain('learning:blend');

    await pipeline.publish(users('new', 200, 0));
    await pipeline.caughtUp(services);
    const planned = await sweep(true);
    for (const fold of ['user-features', 'seen-items', 'signals']) {
      expect(tallyOf(planned, fold)).toMatchObject({ looked: 500, expired: 300, deleted: 0 });
    }
    expect(tallyOf(planned, 'candidates')?.expired).toBeGreaterThanOrEqual(300);
    for (const name of forgetting) {
      expect(tallyOf(planned, name)).toMatchObject({ expired: gone.size, deleted: 0 });
      expect(await row(name, goneItem)).not.toBeNull();
    }
    expect(await row('seen-items', 'old7')).not.toBeNull();

    // Some come back while they are swept; others are new.
    const load = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await pipeline.publish([
          ...users(`more${n}-`, 10, 0),
          ...Array.from({ length: 5 }, (_, at) => ({
            user_id: `old${n * 5 + at}`,
            item_id: `i${at}`,
            event_id: `back-${n}-${at}`,
            occurred_at: nowMs,
          })),
        ]);
      }
    })();
    const reports = [await sweep(), await sweep(), await sweep()];
    await load;
    await pipeline.caughtUp(services);
    reports.push(await sweep());
    for (const { left } of reports.at(-1)?.folds ?? []) expect(left).toBe(0);
    expect(await pipeline.verify()).toMatchObject({ differences: 0 });

    expect(await row('user-features', 'old250')).toBeNull();
    expect(await row('signals', 'old250')).toBeNull();
    for (const name of forgetting) expect(await row(name, goneItem)).toBeNull();
    expect(await row('user-features', 'new7')).not.toBeNull();
    const back = await row('seen-items', 'old7');
    const since = completeFromMs(back ?? Buffer.alloc(0)) ?? 0;
    expect(since).toBeGreaterThan(nowMs - (horizonDays + 1) * dayMs);
    await running.stop();
  });

  test('lists of a model that no context uses go, but for those made since that was found', async () => {
    const { redis } = pipeline.bed;
    const current = await readCurrent(redis, prefix, 'candidates');
    if (current === null) throw new Error('candidates was never started');
    const keys = foldKeys(current);
    const partition = partitionOf('new7', current.partitions);
    const raw = new Redis(inject('redisUrl'));
    const [known] = (await raw.keys(`${keys.row(partition, '')}????new7`)).toSorted();
    const list = await raw.getBuffer(known ?? '');
    const { candidates, newestAtMs, profileOffset } = decodeCandidates(list ?? Buffer.alloc(0));
    const made = { candidates, newestAtMs, profileOffset };
    const listOf = (model: string): string => keys.row(partition, `${listPrefix(model)}new7`);
    const [old, young] = [listOf('gone@000000000000'), listOf('new@000000000000')];
    await raw.set(old, encodeCandidates({ ...made, computedAtMs: nowMs }));
    await raw.set(young, encodeCandidates({ ...made, computedAtMs: Date.now() + dayMs }));
    expect(tallyOf(await sweep(), 'candidates')).toMatchObject({ expired: 1, deleted: 1 });
    expect(await raw.exists(old)).toBe(0);
    expect(await raw.exists(young, known ?? '')).toBe(2);
    raw.disconnect();
  });

  /** The command itself, in a process of its own. */
  const freshet = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { environment: env } = pipeline.bed;
    const { stdout } = await execa(process.execPath, [command, ...args, '--json'], { env });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('a learner that no context uses is named, with the command that removes it', async () => {
    const name = 'learning:trending-unused';
    const own = { name, hash: 'x', id4: 'zzzz', lineage: 'zzzz', code: 'l' };
    const pointer = JSON.stringify({ ...own, family: 'item', partitions: 2 });
    await pipeline.bed.redis.setString(currentKey(prefix, name), pointer);
    const unused = { name, command: `npx freshet reset ${name} --yes` };
    expect(await freshet('sweep', '--dry-run')).toMatchObject({
      dry_run: true,
      unused_learners: [unused],
    });
    await freshet(...unused.command.split(' ').slice(2));
    expect(await freshet('sweep')).toMatchObject({ dry_run: false, unused_learners: [] });
  });
});

describe('a sweep and an owner on Redis', () => {
  const horizonMs = 20;
  const fold = forgettingFold(horizonMs);
  const identity = foldIdentity(fold, 1);
  const keys = foldKeys({ ...fold, id4: identity.id4 });
  const headerKey = keys.header(0);
  let servers: RedisServers;
  let cleaner: Redis;
  let port: RedisPort;
  let store: StateStore;

  beforeAll(async () => {
    servers = await openRedisServers();
    const { port: at } = await servers.start('swept', () => []);
    const url = `redis://127.0.0.1:${at}`;
    cleaner = new Redis(url);
    port = await openRedis({ url });
    store = redisStore(port);
  });
  afterAll(async () => {
    await port?.close();
    cleaner?.disconnect();
    await servers?.close();
  });

  const log = [
    happened(0, [{ key: 'a', n: 1, atMs: 10 }]),
    happened(1, [{ key: 'b', n: 2, atMs: 100 }]),
    happened(2, [{ key: 'a', n: 3, atMs: 101 }]),
  ];
  const owner = (send: () => Promise<void>) =>
    new FoldPartition(fold, {
      partition: 0,
      identity,
      keys,
      store,
      bounds: defaultBounds,
      meter: new PoisonMeter(defaultPoisonLimits),
      send,
      failureMessage: ({ record }) => ({ topic: 'failed', key: null, value: record.value }),
    });
  const sweepA = async (before: () => Promise<unknown> = async () => undefined) => {
    const tally = emptyTally();
    const lastMs = (row: Buffer): number => fold.horizon?.lastMs(row) ?? 0;
    await sweepChunk(
      {
        store: {
          remove: async (removal) => {
            await before();
            return store.remove(removal);
          },
        },
        headerKey,
        keys: [keys.row(0, 'a')],
        dryRun: false,
        look: (rows) => lookAtRows({ store, headerKey, horizonMs, lastMs }, rows),
      },
      tally,
    );
    return tally;
  };
  const folded = async (count: number): Promise<FoldPartition<never, never, never, never>> => {
    await cleaner.flushdb();
    const own = owner(async () => undefined);
    await own.load();
    await own.slice(log.slice(0, count));
    return own as never;
  };
  const stored = async (key: string): Promise<string | null> =>
    (await port.mget([keys.row(0, key)]))[0]?.toString() ?? null;

  test('a sweep between an owner’s read and its commit does not show', async () => {
    await folded(2);
    let swept: SweepTally | null = null;
    const own = owner(async () => {
      swept = await sweepA();
    });
    await own.load();
    expect((await own.slice(log.slice(2))).kind).toBe('applied');
    expect(swept).toMatchObject({ looked: 1, expired: 1, deleted: 1, left: 0 });
    expect(await stored('a')).toBe(forgettingOracle(log, horizonMs).rows.get('a'));
  });

  test('a full Redis is swept: deleting needs no memory', async () => {
    await folded(2);
    const [, maxmemory = '0'] = (await cleaner.config('GET', 'maxmemory')) as string[];
    await cleaner.config('SET', 'maxmemory', '1');
    try {
      await expect(cleaner.set('x', 'y')).rejects.toThrow('OOM');
      expect(await sweepA()).toMatchObject({ expired: 1, deleted: 1 });
    } finally {
      await cleaner.config('SET', 'maxmemory', maxmemory);
    }
  });

  test('an owner’s commit between a sweep’s read and its script keeps the row', async () => {
    await folded(2);
    const own = owner(async () => undefined);
    await own.load();
    let isOvertaken = false;
    const tally = await sweepA(async () => {
      if (isOvertaken) return;
      isOvertaken = true;
      await own.slice(log.slice(2));
    });
    expect(tally).toMatchObject({ looked: 1, expired: 0, deleted: 0, left: 0 });
    expect(await stored('a')).toBe(forgettingOracle(log, horizonMs).rows.get('a'));
  });
});
