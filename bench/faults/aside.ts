import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { applySchemas } from '../../cli/commands/schemas.ts';
import { patiently } from '../../cli/rebuild/patiently.ts';
import { reconcileTopics } from '../../cli/commands/topics.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { within } from '../../lib/deadline.ts';
import { messageOf } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import type { Bed } from '../bed.ts';
import { caughtUp } from '../progress.ts';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import { basics } from './config.ts';
import { typed } from './operator.ts';
import { FaultMissed } from './row.ts';

/**
 * A small installation beside the one that the load goes to, on the same brokers and the same
 * Redis: for harm that only a person can mend, such as a log that was cut.
 */
export interface Aside extends Bed {
  /** So many good events more. */
  publish(count: number): Promise<void>;
  send(messages: readonly OutMessage[]): Promise<void>;
  nameOf(topic: Topic): string;
  /** Starts services as one process; resolves when they are ready. */
  run(services: readonly string[], settings?: Record<string, string>): Promise<ServiceProcess>;
  /** Folds all that there is, and stops. */
  fold(services: readonly string[], settings?: Record<string, string>): Promise<void>;
  /** Types a command as a runbook says: see operator.ts. */
  type(command: string): Promise<string>;
  /** What a process that must not go on says as it ends; throws `FaultMissed` if it goes on. */
  refusal(services: readonly string[]): Promise<string>;
}

export interface AsideOptions {
  /** Where Kafka, Redis and the registry are. */
  readonly at: Pick<CommonConfig, 'kafka' | 'redis' | 'registry'>;
  readonly dir: string;
  readonly prefix: string;
}

const refusedMsMax = 60_000;
const registryMsMax = 60_000;

export async function openAside({ at, dir, prefix: named }: AsideOptions): Promise<Aside> {
  // Kafka remembers the groups of one that was here before, and Redis may have been emptied since.
  const prefix = `${named}-${randomUUID().slice(0, 8)}`;
  const environment: Record<string, string> = {
    ...basics(),
    FRESHET_PREFIX: prefix,
    FRESHET_PARTITIONS: '2',
    FRESHET_KAFKA_SESSION_TIMEOUT_MS: '3000',
    FRESHET_SLICE_RECORDS_MAX: '50',
    FRESHET_KAFKA_BROKERS: at.kafka.brokers.join(','),
    FRESHET_REDIS_URL: at.redis.url,
    FRESHET_REGISTRY_URL: at.registry.url,
  };
  const config = commonConfig(environment);
  await reconcileTopics(config, 'apply');
  // As an operator would: on a machine that is busy with faults the registry may take its time.
  await patiently(() => applySchemas(config), {
    say: (line) => console.error(line),
    signal: AbortSignal.timeout(registryMsMax),
  });
  const logs = join(dir, prefix);
  mkdirSync(logs, { recursive: true });
  const registry = openRegistry(config.registry);
  const admin = await openAdmin(config.kafka);
  const redis = await openRedis(config.redis);
  const outbox = await openOutbox(config.kafka);
  const events = topicName(prefix, userEvents);
  const encode = await openEncoder<UserEvent>(registry, `${events}-value`, userEventSchema);
  const bed: Bed = {
    config,
    environment,
    admin,
    redis,
    registry,
    dir: logs,
    pids: { redis: 0, kafka: 0 },
    close: async () => {
      await outbox.close();
      await redis.close();
      await admin.close();
    },
  };
  const run: Aside['run'] = (services, settings = {}) =>
    startServiceProcess(
      { ...bed, environment: { ...environment, ...settings } },
      { run: services },
    );
  let made = 0;
  return {
    ...bed,
    publish: (count) =>
      outbox.send(
        Array.from({ length: count }, () => {
          made += 1;
          return eventMessage(events, made, encode);
        }),
      ),
    send: (messages) => outbox.send(messages),
    nameOf: (topic) => topicName(prefix, topic),
    run,
    type: (command) => typed(environment, command),
    fold: async (services, settings = {}) => {
      const running = await run(services, settings);
      try {
        await Promise.race([caughtUp(bed, services), running.ended]);
      } finally {
        await running.stop();
      }
    },
    refusal: (services) => refusalOf(() => run(services)),
  };
}

function eventMessage(topic: string, n: number, encode: (event: UserEvent) => Buffer): OutMessage {
  const userId = `u${n % 50}`;
  const itemId = `i${n % 30}`;
  const event = plainEvent({ eventId: `a${n}`, userId, itemId, type: 'view', atMs: now() });
  return { topic, key: userId, value: encode(event) };
}

/** Before it is ready or after: a log is looked at when it is claimed. */
export async function refusalOf(start: () => Promise<ServiceProcess>): Promise<string> {
  let running: ServiceProcess | null = null;
  const ended = (async (): Promise<string> => {
    try {
      running = await start();
      return await running.ended;
    } catch (error) {
      return messageOf(error);
    }
  })();
  const said = await within(refusedMsMax, ended);
  if (said !== 'late') return said;
  await (running as ServiceProcess | null)?.stop();
  throw new FaultMissed('a process went on that must not');
}
