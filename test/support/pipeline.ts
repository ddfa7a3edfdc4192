import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Bed } from '../../bench/bed.ts';
import { caughtUp, foldsOf, lagOf } from '../../bench/progress.ts';
import { type ServiceProcess, startServiceProcess } from '../../bench/service-process.ts';
import { applyAlone } from '../../cli/commands/apply.ts';
import { applySchemas } from '../../cli/commands/schemas.ts';
import { reconcileTopics } from '../../cli/commands/topics.ts';
import { verifyAll, type VerifyReport } from '../../cli/verify/verify.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import type { StackAddresses } from '../../stack/stack.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';

/** All folds that `verify` compares. */
export const folding = ['ingest', 'user-features', 'seen-items', 'signals', 'learning'] as const;

/** A whole Freshet under a prefix of its own, on a stack that others may use too. */
export interface Pipeline {
  readonly bed: Bed;
  /** Sends to user-events; strings of event fields are filled up with defaults. */
  publish(events: readonly Partial<UserEvent>[]): Promise<void>;
  publishRaw(messages: readonly OutMessage[]): Promise<void>;
  /** Starts services as a process of their own; resolves when they are ready. */
  run(services: readonly string[], environment?: Record<string, string>): Promise<ServiceProcess>;
  /** Resolves when the folds have nothing before them. */
  caughtUp(services?: readonly string[]): Promise<void>;
  /** Resolves when a service has folded at least this many records of its inputs. */
  folded(service: string, records: number): Promise<void>;
  verify(): Promise<VerifyReport>;
  readonly userEvents: string;
  close(): Promise<void>;
}

const definitions = new URL('../../definitions/', import.meta.url).pathname;
const pollMs = 25;

export async function openPipeline(
  addresses: StackAddresses,
  prefix: string,
  settings: Record<string, string> = {},
): Promise<Pipeline> {
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    FRESHET_PREFIX: prefix,
    FRESHET_PARTITIONS: '2',
    FRESHET_KAFKA_BROKERS: addresses.kafkaBrokers,
    FRESHET_REGISTRY_URL: addresses.registryUrl,
    FRESHET_REDIS_URL: addresses.redisUrl,
    ...settings,
  };
  const config = commonConfig(environment);
  await reconcileTopics(config, 'apply');
  await applySchemas(config);
  await applyAlone(definitions, config);
  const dir = mkdtempSync(join(tmpdir(), 'freshet-pipeline-'));
  const admin = await openAdmin(config.kafka);
  const redis = await openRedis(config.redis);
  const registry = openRegistry(config.registry);
  const outbox = await openOutbox(config.kafka);
  const topic = topicName(prefix, userEvents);
  const encode = await openEncoder<UserEvent>(registry, `${topic}-value`, userEventSchema);
  const bed: Bed = {
    config,
    environment,
    admin,
    redis,
    registry,
    dir,
    pids: { redis: 0, kafka: 0 },
    close: async () => undefined,
  };
  const running = new Set<ServiceProcess>();
  return {
    bed,
    userEvents: topic,
    publish: (events) =>
      outbox.send(
        events.map((event) => {
          const whole = eventOf(event);
          return { topic, key: whole.user_id, value: encode(whole) };
        }),
      ),
    publishRaw: (messages) => outbox.send(messages),
    run: async (services, more = {}) => {
      const own: Bed = { ...bed, environment: { ...environment, ...more } };
      const started = await startServiceProcess(own, { run: services });
      running.add(started);
      return started;
    },
    caughtUp: (services = folding) => patiently(() => caughtUp(bed, services)),
    folded: async (service, records) => {
      for (;;) {
        const [fold] = foldsOf(service);
        if (fold === undefined) throw new Error(`${service} folds nothing`);
        const { ends, lag } = await progressOf(
          bed,
          fold.inputs.map((input) => topicName(prefix, input)),
          () => lagOf(bed, fold),
        );
        if (ends - lag >= records) return;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    verify: () => verifyAll({ config }),
    close: async () => {
      for (const process of running) await process.stop().catch(() => undefined);
      await outbox.close();
      await admin.close();
      await redis.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A broker that has just been started again may not lead its partitions yet. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

async function progressOf(
  bed: Bed,
  topics: readonly string[],
  lagNow: () => Promise<number>,
): Promise<{ ends: number; lag: number }> {
  const lag = await lagNow();
  const offsets = await Promise.all(topics.map((topic) => bed.admin.topicOffsets(topic)));
  return { ends: offsets.flat().reduce((sum, { high }) => sum + high, 0), lag };
}

let made = 0;

function eventOf(event: Partial<UserEvent>): UserEvent {
  made += 1;
  return {
    event_id: `e${made}`,
    user_id: 'ann',
    item_id: 'tea',
    type: 'purchase',
    occurred_at: Date.now(),
    context_id: null,
    answer_id: null,
    session_id: null,
    value: null,
    attributes: {},
    ...event,
  };
}

/** Events of a few users and items from a seed: the same list for the same arguments. */
export function someEvents(count: number, seed: number): Partial<UserEvent>[] {
  let state = seed;
  const next = (below: number): number => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: count }, (_, n) => ({
    event_id: `s${seed}-${n}`,
    user_id: `u${next(200)}`,
    item_id: `i${next(120)}`,
    type: ['view', 'click', 'purchase'][next(3)] ?? 'view',
  }));
}
