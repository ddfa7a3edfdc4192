import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, expect, inject, vi } from 'vitest';

import type { CommonConfig } from '../../lib/config/common.ts';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { FoldPartition } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
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
} from './counting-fold.ts';

/** Owners of the counting fold on the real stack: each test has topics and keys of its own. */
export const partitions = 2;
const brokers = inject('kafkaBrokers').split(',');
const redisUrl = inject('redisUrl');
export const redis = new Redis(redisUrl);
export const settled = { timeout: 60_000, interval: 50 };

export let prefix = '';
export let admin: KafkaAdmin;
const running = new Set<RunningService>();
export const closers: (() => Promise<void>)[] = [];

export const kafka = () => ({ brokers, clientId: prefix, sessionTimeoutMs: 6_000 });
export const topic = () => `${prefix}.units`;
export const target = () => `${prefix}.counted`;

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

export const inputTopic = () => ({ topic: topic(), partitions, configs: {} });

const createTopics = () =>
  admin.createTopics([inputTopic(), { topic: target(), partitions: 1, configs: {} }]);

const foldOf = (options: CountingOptions = {}) =>
  countingFold({ topic: topic(), target: target(), name: prefix, ...options });

/** Starts an owner; `fatal` is what ended it. */
export async function own(
  options: CountingOptions & { readonly bootstrap?: boolean; readonly redisUrl?: string } = {},
) {
  const fatal: Error[] = [];
  const config: CommonConfig = {
    prefix,
    partitions,
    types: [],
    kafka: kafka(),
    registry: { url: '', timeoutMs: 1_000 },
    redis: { url: options.redisUrl ?? redisUrl },
    host: '127.0.0.1',
    port: 0,
    failedInARowMax: 100,
    failedOf1000Max: 500,
    logLevel: 'silent',
    sliceRecordsMax: 50,
    userHorizonMs: 400 * 86_400_000,
    itemHorizonMs: 400 * 86_400_000,
    profileAttributes: [],
    servedAnswersMax: 5,
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
export async function refusal(options: Parameters<typeof own>[0] = {}): Promise<string> {
  const { fatal, stop } = await own(options);
  await vi.waitFor(() => expect(fatal).not.toEqual([]), settled);
  await stop();
  return `${fatal[0]?.name}: ${fatal[0]?.message}`;
}

let next = 0;
beforeEach(() => {
  next = 0;
});

/** `count` source records for each partition, every fifth one twice. */
export function messagesOf(count: number): (OutMessage & { readonly partition: number })[] {
  const messages = [];
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
  return messages;
}

export async function publish(count: number): Promise<void> {
  const outbox = await openOutbox(kafka());
  await outbox.send(messagesOf(count));
  await outbox.close();
}

export async function recordsOf(name: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  const log = readLog({ kafka: kafka(), topic: name, endsAfterSilenceMs: 5_000 });
  for await (const records of log) all.push(...records);
  return all;
}

export const keysOf = (): FoldKeys => {
  const fold = foldOf();
  return foldKeys({ ...fold, id4: foldIdentity(fold, partitions).id4 });
};

/** `marks`: offsets at the end of each partition that hold no record. */
export async function caughtUp(marks = 0): Promise<void> {
  const ends = await admin.topicOffsets(topic());
  await vi.waitFor(async () => {
    for (const { partition, high } of ends) {
      expect(offsetIn(await redis.getBuffer(keysOf().header(partition)))).toBe(high - marks);
    }
  }, settled);
}

/** State and emissions are what a plain loop over the log says, to the byte. */
export async function expectFolded(): Promise<void> {
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
export async function lateOwner(send: (messages: readonly OutMessage[]) => Promise<void>) {
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
