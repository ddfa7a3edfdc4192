import { plainRequest } from '../../schemas/plain-request.ts';
import { PageTokens } from './page-token.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { silentLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import type { LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import { parseContext } from '../../models/definitions.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { type Batch, serveBatch, type BatchParts } from './batch.ts';
import { current, FakeRedis, readBounds, requestRecord } from './fakes.ts';
import { ItemTable } from '../../models/item-table.ts';
import { Pressure } from './pressure.ts';
import { Rankings } from './rankings.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { ReadyModel } from '../../retrieval/personal-models.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { Generations } from '../../lib/stream/generations.ts';

/** How tests ask in batches: one model for everybody, no broker, no Redis, no clock. */

const nowMs = 5_000;
const context = parseContext(
  '{"context":"home","size":2,"ladder":[{"step":"any","model":"m@0123456789ab"}]}',
);
if (!context.ok) throw new Error(context.faults.join());
const home = { version: 'home@0123456789ab', revision: 1, definition: context.value };

/** A model that holds `a`, `b` and `c` for everyone. */
const anything: ReadyModel = {
  kind: 'shared',
  version: 'm@0123456789ab',
  learning: 'learning:m',
  ageMsMax: 1_000,
  learned: ['learning:m'],
  retrieval: {
    shared: true,
    sources: [{ kind: 'm', learning: {}, headBytes: 0, rankings: true }],
    rank: () => ['a', 'b', 'c'].map((itemId) => ({ itemId, score: 1 })),
  },
};

export const json = <T>(value: T): Buffer => Buffer.from(JSON.stringify(value));
export const parse = <T>(message: OutMessage | undefined): T =>
  JSON.parse(message?.value?.toString() ?? 'null') as T;

export const start = async (change: Partial<BatchParts> = {}) => {
  const redis = new FakeRedis();
  const pointer = current('learning:m', 'l', 'item');
  redis.values.set(currentKey('freshet', pointer.name), json(pointer));
  const generations = new Generations(redis, {
    prefixOf: () => 'freshet',
    ageMsMax: 0,
    clockMs: () => 0,
  });
  await generations.read([pointer.name]);
  const own: OutMessage[] = [];
  const foreign: OutMessage[] = [];
  const parts: BatchParts = {
    answering: {
      redis,
      reads: new LearnedReads(redis, readBounds),
      weights: new LearnedWeights(),
      models: { get: () => anything },
      generations,
      experiments: new Experiments(),
      rankings: new Rankings(1_000),
      items: new ItemTable(),
      itemOffsets: () => [],
      types: ['view'],
      profileAttributes: [],
      pages: new PageTokens({ key: null, prefix: 'freshet' }),
      nowMs: () => nowMs,
      monotonicMs: () => 0,
    },
    contexts: new Map([['home', home]]),
    decoder: {
      prepare: () => Promise.resolve(),
      decode: (value) =>
        value === null || value.length === 0
          ? { ok: false, reason: 'empty_value', detail: '' }
          : { ok: true, value: JSON.parse(value.toString()) as Request },
    },
    messages: {
      topics: { recommendations: 'rec', exposures: 'exp', metricEvents: 'met' },
      encode: { recommendation: json, exposure: json, metricEvent: json },
      partitions: { recommendations: 4, exposures: 4 },
      lineage: 'serving-line',
    },
    own: { send: (messages) => Promise.resolve(void own.push(...messages)) },
    foreign: { send: (messages) => Promise.resolve(void foreign.push(...messages)) },
    metrics: createMetrics({ processMetrics: false }),
    log: silentLogger(),
    pressure: new Pressure({ backlogMax: 100, waitMsMax: 2_000 }),
    sliceMax: 128,
    replyTopics: ['shop.*'],
    ownTopics: new Set(['shop.commands.v1']),
    ...change,
  };
  return { parts, own, foreign };
};

/** Resolves when all of it is sent. */
export const serve = async (
  batch: Omit<Batch, 'partition' | 'course'>,
  parts: BatchParts,
): Promise<void> => (await serveBatch({ ...batch, partition: 1, course: 1 }, parts)).sent;

export const asked = (offset: number, change: Partial<Request> = {}): LogRecord =>
  requestRecord({
    offset,
    value: json({
      ...plainRequest('u1', 'home'),
      ...change,
    }),
  });

export const of = <T>(messages: readonly OutMessage[], topic: string): T[] =>
  messages.filter((message) => message.topic === topic).map((message) => parse<T>(message));
