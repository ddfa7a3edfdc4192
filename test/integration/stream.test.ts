import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';

import type { CommonConfig } from '../../lib/config/common.ts';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { FoldPartition } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { defaultPoisonLimits, PoisonMeter } from '../../lib/stream/poison.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { redisStore } from '../../lib/stream/store.ts';
import type { LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import { silentLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import {
  countingFold,
  type CountingInput,
  type CountingOptions,
  countingOracle,
  emissionText,
  tallyText,
} from '../support/counting-fold.ts';

const partitions = 2;
const brokers = inject('kafkaBrokers').split(',');
const redisUrl = inject('redisUrl');
const redis = new Redis(redisUrl);
const settled = { timeout: 60_000, interval: 50 };

let prefix = '';
let admin: KafkaAdmin;
const running = new Set<RunningService>();
const closers: (() => Promise<void>)[] = [];

const kafka = () => ({ brokers, clientId: prefix, sessionTimeoutMs: 6_000 });
const topic = () => `${prefix}.units`;
const target = () => `${prefix}.counted`;

beforeEach(async () => {
  prefix = `stream-${randomUUID().slice(0, 8)}`;
  admin = await openAdmin(kafka());
  await createTopics();
  const used = admin;
  return async () => {
    for (const service of running) await service.stop();
    running.clear();
    for (const close of closers.splice(0)) await close();
    await used.close();
  };
});
afterAll(() => redis.disconnect());

const createTopics = () =>
  admin.createTopics([
    { topic: topic(), partitions, configs: {} },
    { topic: target(), partitions: 1, configs: {} },
  ]);

const foldOf = (options: CountingOptions = {}) =>
  countingFold({ topic: topic(), target: target(), name: prefix, ...options });

/** Starts an owner; `fatal` is what ended it. */
async function own(options: CountingOptions & { readonly bootstrap?: boolean } = {}) {
  const fatal: Error[] = [];
  const config: CommonConfig = {
    prefix,
    partitions,
    types: [],
    kafka: kafka(),
    registry: { url: '', timeoutMs: 1_000 },
    redis: { url: redisUrl },
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    sliceRecordsMax: 50,
  };
  const context: ServiceContext = {
    config,
    log: silentLogger(),
    metrics: createMetrics(),
    onFatal: (error) => void fatal.push(error),
    bootstrap: options.bootstrap ?? false,
  };
  const service = await runFold(foldOf(options), {
    context,
    internalInput: true,
    failureMessage: ({ record }) => ({ topic: target(), key: 'failed', value: record.value }),
  });
  running.add(service);
  const stop = async (): Promise<void> => {
    running.delete(service);
    await service.stop();
  };
  return { service, fatal, stop };
}

/** Why an owner ended by itself. */
async function refusal(options: Parameters<typeof own>[0] = {}): Promise<string> {
  const { fatal, stop } = await own(options);
  await vi.waitFor(() => expect(fatal).not.toEqual([]), settled);
  await stop();
  return `${fatal[0]?.name}: ${fatal[0]?.message}`;
}

let next = 0;
beforeEach(() => {
  next = 0;
});

/** Sends `count` source records to each partition, every fifth one twice. */
async function publish(count: number): Promise<void> {
  const outbox = await openOutbox(kafka());
  const messages: OutMessage[] = [];
  for (let n = 0; n < count; n += 1, next += 1) {
    const input: CountingInput = {
      from: { lineage: 'source', partition: 0, offset: next },
      units: [
        { key: `k${next % 7}`, n: next % 10 },
        { key: 'all', n: next % 3 },
      ],
    };
    const value = Buffer.from(JSON.stringify(input));
    for (let partition = 0; partition < partitions; partition += 1) {
      const message = { topic: topic(), partition, key: null, value };
      messages.push(message, ...(next % 5 === 0 ? [message] : []));
    }
  }
  await outbox.send(messages);
  await outbox.close();
}

async function recordsOf(name: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of readLog({ kafka: kafka(), topic: name })) all.push(...records);
  return all;
}

const keysOf = () => {
  const fold = foldOf();
  return foldKeys({ ...fold, id4: foldIdentity(fold, partitions).id4 });
};

async function caughtUp(): Promise<void> {
  const ends = await admin.topicOffsets(topic());
  await vi.waitFor(async () => {
    for (const { partition, high } of ends) {
      expect(offsetIn(await redis.getBuffer(keysOf().header(partition)))).toBe(high);
    }
  }, settled);
}

/** State and emissions are what a plain loop over the log says, to the byte. */
async function expectFolded(): Promise<void> {
  const keys = keysOf();
  const log = await recordsOf(topic());
  const wanted = Array.from({ length: partitions }, (_, partition) =>
    countingOracle(log.filter((record) => record.partition === partition)),
  );
  for (const [partition, { rows, shared }] of wanted.entries()) {
    for (const [key, text] of rows) {
      const bytes = await redis.getBuffer(keys.row(partition, key));
      expect([key, bytes && tallyText(bytes)]).toEqual([key, text]);
    }
    const bytes = await redis.getBuffer(keys.shared(partition));
    expect(bytes && tallyText(bytes)).toBe(shared);
  }
  const emitted = await recordsOf(target());
  for (const [partition, { emitted: expected }] of wanted.entries()) {
    const own = emitted
      .filter(
        ({ value }) => (JSON.parse(String(value)) as { partition: number }).partition === partition,
      )
      .map(({ value }) => emissionText(value));
    // Whatever was emitted again says the same, and firsts come in order: readers pass repeats by.
    expect([...new Set(own)]).toEqual(expected);
  }
}

/** An owner of partition 0 outside of every group, which has just looked where it stands. */
async function lateOwner(send: (messages: readonly OutMessage[]) => Promise<void>) {
  const port = await openRedis({ url: redisUrl });
  closers.push(() => port.close());
  const owner = new FoldPartition(foldOf({ cacheBytesMax: 100_000 }), {
    partition: 0,
    identity: foldIdentity(foldOf(), partitions),
    keys: keysOf(),
    store: redisStore(port),
    bounds: { ...defaultBounds, recordsMax: 20 },
    meter: new PoisonMeter(defaultPoisonLimits),
    send,
    failureMessage: ({ record }) => ({ topic: target(), key: null, value: record.value }),
  });
  await owner.load();
  return owner;
}

describe('an owner', () => {
  test('folds what is there and what comes, repeats included, and goes on after a restart', async () => {
    await publish(300);
    const first = await own();
    await caughtUp();
    await publish(100);
    await caughtUp();
    await first.stop();
    await publish(200);
    const second = await own({ cacheBytesMax: 100_000 });
    await caughtUp();
    await expectFolded();
    expect([first.fatal, second.fatal]).toEqual([[], []]);
  });

  test('that hangs past its session is overtaken, comes back, and nothing is folded twice', async () => {
    await publish(300);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let hangs = 0;
    const zombie = await own({
      cacheBytesMax: 100_000,
      prepare: () => {
        hangs += 1;
        // After the first slice, so that it has a cache that will be too old.
        return hangs > 2 ? gate : Promise.resolve();
      },
    });
    await vi.waitFor(() => expect(hangs).toBeGreaterThan(2), settled);
    const heir = await own();
    await caughtUp();
    open();
    await publish(100);
    await caughtUp();
    await expectFolded();
    expect([zombie.fatal, heir.fatal]).toEqual([[], []]);
  });

  test('that was overtaken before its read emits nothing, between read and commit changes nothing', async () => {
    await publish(200);
    const sent: (readonly OutMessage[])[] = [];
    const early = await lateOwner(async (messages) => void sent.push(messages));
    const outbox = await openOutbox(kafka());
    closers.push(() => outbox.close());
    const late = await lateOwner(async (messages) => {
      await own();
      await caughtUp();
      // Now its own emissions, which all are repeats.
      await outbox.send(messages);
    });
    const log = (await recordsOf(topic())).filter(({ partition }) => partition === 0);
    expect((await late.slice(log)).kind).toBe('restart');
    expect((await early.slice(log)).kind).toBe('restart');
    expect(sent).toEqual([]);
    await expectFolded();
  });

  test('shares partitions with a second one, which takes all when it leaves', async () => {
    await publish(100);
    const first = await own();
    const second = await own();
    await publish(100);
    await caughtUp();
    await first.stop();
    await publish(100);
    await caughtUp();
    await expectFolded();
    expect(second.service.ready()).toBeNull();
  });
});

describe('refused is', () => {
  const folded = async (): Promise<void> => {
    await publish(100);
    const { stop } = await own();
    await caughtUp();
    await stop();
  };
  const stateKeys = (): string[] => {
    const keys = keysOf();
    const rows = ['all', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
    return [0, 1].flatMap((partition) => [
      keys.header(partition),
      keys.shared(partition),
      ...rows.map((key) => keys.row(partition, key)),
    ]);
  };
  const recreate = async (): Promise<void> => {
    await admin.deleteTopics([topic()]);
    await vi.waitFor(async () => {
      await admin.createTopics([{ topic: topic(), partitions, configs: {} }]);
    }, settled);
  };

  test('another log that is shorter', async () => {
    await folded();
    await recreate();
    await publish(10);
    expect(await refusal()).toMatch(/RefusedError: .*is not the log that the stored state/);
  });

  test('another log that is longer', async () => {
    await folded();
    await recreate();
    await publish(200);
    expect(await refusal()).toMatch(/RefusedError: .*is not the log that the stored state/);
  });

  test('lost state, until it is asked for from the beginning', async () => {
    await folded();
    await redis.del(...stateKeys());
    expect(await refusal()).toMatch(/RefusedError: .*state was lost.*--bootstrap/);
    await own({ bootstrap: true });
    await caughtUp();
    await expectFolded();
  });

  test('a log that retention cut above the state', async () => {
    await folded();
    await publish(100);
    const deleting = kafkaClient(kafka()).admin();
    closers.push(() => deleting.disconnect());
    await deleting.connect();
    // The client deletes records only of topics that it has just heard of.
    await deleting.fetchTopicOffsets(topic());
    const cut = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      offset: '150',
    }));
    await deleting.deleteTopicRecords({ topic: topic(), partitions: cut });
    expect(await refusal()).toMatch(/RefusedError: .*begins at 150.*retention removed records/);
  });

  test('a Redis that evicts', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await expect(own()).rejects.toThrow(/maxmemory-policy allkeys-lru/);
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });

  test('another identity than the current one', async () => {
    await folded();
    await expect(own({ lineage: 'another' })).rejects.toThrow(/folded under another identity/);
  });
});
