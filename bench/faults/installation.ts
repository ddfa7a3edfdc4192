import { applyAlone } from '../../cli/commands/apply.ts';
import { applySchemas } from '../../cli/commands/schemas.ts';
import { reconcileTopics } from '../../cli/commands/topics.ts';
import type { VerifyReport } from '../../cli/verify/verify.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { Bed } from '../bed.ts';
import { publishItems } from '../publish.ts';
import type { Client } from './clients.ts';
import { basics } from './config.ts';
import { verified } from './operator.ts';
import { Oracle } from './oracle.ts';
import type { Link, Random } from './row.ts';
import { itemsOfLoad, SteadyLoad } from './steady-load.ts';

const partitions = 4;

/** A whole Freshet under a prefix of its own, with its load and its judge. */
export interface Installation {
  readonly plain: Bed;
  readonly load: SteadyLoad;
  readonly oracle: Oracle;
  verify(): Promise<VerifyReport>;
  close(): Promise<void>;
}

export interface InstallationOptions {
  readonly prefix: string;
  readonly dir: string;
  readonly sessionMs: number;
  /** Past whose links topics are made and state is looked at: nobody does harm to them. */
  readonly control: Client;
  /** Past whose links the load goes. */
  readonly loading: Client;
  readonly random: Random;
}

export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { prefix, dir, control, loading } = options;
  const environment: Record<string, string> = {
    ...basics(),
    FRESHET_PREFIX: prefix,
    FRESHET_PARTITIONS: String(partitions),
    FRESHET_KAFKA_SESSION_TIMEOUT_MS: String(options.sessionMs),
    // Small, so that kills hit some.
    FRESHET_SLICE_RECORDS_MAX: '200',
    ...control.environment,
  };
  const config = commonConfig(environment);
  await reconcileTopics(config, 'apply');
  await applySchemas(config);
  await applyAlone(`${projectDir}definitions`, config);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const admin = await openAdmin(config.kafka);
    closers.push(() => admin.close());
    const redis = await openRedis(config.redis);
    closers.push(() => redis.close());
    const registry = openRegistry(config.registry);
    const plain: Bed = {
      config,
      environment,
      admin,
      redis,
      registry,
      dir,
      pids: { redis: 0, kafka: 0 },
      close,
    };
    await publishItems(plain, itemsOfLoad);
    const past = { ...config, kafka: { ...config.kafka, brokers: brokersOf(loading) } };
    const kafka: readonly Link[] = loading.kafka;
    const load = await SteadyLoad.open({ config: past, registry, kafka, random: options.random });
    closers.push(() => load.close());
    const oracle = new Oracle({ config, registry, admin });
    return { plain, load, oracle, verify: () => verified(environment), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const brokersOf = ({ kafka }: Client): readonly string[] =>
  kafka.map(({ port }) => `127.0.0.1:${port}`);
