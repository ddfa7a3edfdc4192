import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { stackEnvironment, withoutOutside } from '../../stack/config.ts';
import { fetchDownloads } from '../../stack/downloads.ts';
import { type ExitOfChild, Guardian } from '../../stack/guardian.ts';
import { PortReservations } from '../../stack/ports.ts';
import { describeRegistry } from '../../stack/registry.ts';
import { findJava, findMaven } from '../../stack/requirements.ts';
import { type Client, openClients } from './clients.ts';
import { makeBrokers } from './faulty-brokers.ts';
import type { Making } from './making.ts';
import { PartProcess } from './part-process.ts';
import { RedisPair } from './redis-pair.ts';

export interface FaultStack {
  readonly brokers: readonly PartProcess[];
  readonly redis: RedisPair;
  readonly registry: PartProcess;
  readonly clients: readonly Client[];
  readonly guardian: Guardian;
  /** The brokers' own addresses, past no link. */
  readonly brokerAddresses: string;
  close(): Promise<void>;
}

export interface FaultStackOptions {
  readonly dir: string;
  /** Names of those that connect, each past links of its own. */
  readonly clients: readonly string[];
  readonly say: (line: string) => void;
  /** Of any process that the guard has started. */
  readonly onExit: (name: string, exit: ExitOfChild) => void;
}

/** Three brokers, a Redis with a replica and a registry, and everybody's links to them. */
export async function startFaultStack(options: FaultStackOptions): Promise<FaultStack> {
  const { dir, say } = options;
  const logsDir = join(dir, 'logs');
  mkdirSync(logsDir, { recursive: true });
  const environment = withoutOutside(stackEnvironment());
  const guardian = await Guardian.start(logsDir, options.onExit);
  const closers: (() => Promise<void>)[] = [() => guardian.stop()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  const reserved = new PortReservations(environment.cacheDir);
  try {
    const downloads = await fetchDownloads({
      cacheDir: environment.cacheDir,
      findMaven: () => findMaven(environment),
      guardian,
      logFile: join(logsDir, 'download.log'),
      onProgress: say,
    });
    const making: Making = {
      dir,
      logsDir,
      java: await findJava(environment),
      path: environment.path,
      downloads,
      guardian,
      port: () => reserved.choose(randomInt(20_000, 31_000)),
    };
    const redis = await RedisPair.make(making);
    const registry = await makeRegistry(making);
    const makingBrokers = await makeBrokers(making, options.clients);
    const clients = await openClients(options.clients, {
      brokerPorts: makingBrokers.listenerPorts,
      redisPort: redis.primary.port,
      registryPort: registry.port,
    });
    closers.push(async () => {
      for (const client of clients) await client.close();
    });
    const brokers = await makingBrokers.make(clients);
    await Promise.all([
      ...brokers.map((broker) => broker.restart()),
      redis.start(),
      registry.restart(),
    ]);
    say(`${brokers.length} brokers, Redis with a replica and the registry are ready`);
    const brokerAddresses = brokers.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return { brokers, redis, registry, clients, guardian, brokerAddresses, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    reserved.release();
  }
}

async function makeRegistry(making: Making): Promise<PartProcess> {
  const { downloads, guardian, java, logsDir } = making;
  const port = await making.port();
  const dataDir = join(making.dir, 'registry');
  const described = { java, logsDir, port, dataDir, programDir: downloads.registryDir };
  return new PartProcess({
    guardian,
    name: 'registry',
    port,
    dataDir,
    part: () => describeRegistry(described),
  });
}
