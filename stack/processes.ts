import { join } from 'node:path';
import { monotonicMs } from '../lib/clock.ts';
import { fetchDownloads, type Downloads } from './downloads.ts';
import type { Guardian } from './guardian.ts';
import { prepareKafka } from './kafka.ts';
import { awaitReady, type LocalPart, spawnPart } from './local-part.ts';
import { readLastPorts, writeLastPorts } from './last-ports.ts';
import { PortReservations } from './ports.ts';
import { describePrometheus } from './prometheus.ts';
import { describeRedis, findRedis } from './redis.ts';
import { describeRegistry, registryAddress } from './registry.ts';
import { findJava, findMaven, onPath } from './requirements.ts';
import { usualPorts } from './settings.ts';
import type { StartedParts, StartOptions } from './started-parts.ts';

/** Starts the wanted parts as processes of this machine, all at once. */
export async function startProcesses(options: StartOptions): Promise<StartedParts> {
  const { cacheDir, environment, guardian, onProgress, parts } = options;
  const needsJava = parts.has('kafka') || parts.has('registry');
  const java = needsJava ? await findJava(environment) : '';
  const downloads = await fetchDownloads({
    cacheDir,
    findMaven: () => findMaven(environment),
    guardian,
    logFile: join(options.logsDir, 'download.log'),
    onProgress,
  });
  const ports = new PortReservations(cacheDir, options.keep ? readLastPorts(options.dataDir) : {});
  try {
    const running = new LocalStack(guardian, onProgress);
    const addresses = await launch(running, { ...options, java, downloads, ports });
    writeLastPorts(options.dataDir, ports.chosen);
    return {
      addresses,
      pids: () => running.pids(),
      kill: (part, signal) => running.kill(part, signal),
      restart: async (part) => running.restart(part),
    };
  } finally {
    ports.release();
  }
}

interface LaunchOptions extends StartOptions {
  readonly java: string;
  readonly downloads: Downloads;
  readonly ports: PortReservations;
}

async function launch(
  running: LocalStack,
  options: LaunchOptions,
): Promise<StartedParts['addresses']> {
  const { dataDir, downloads, environment, java, logsDir, parts, ports } = options;
  const starts: Promise<void>[] = [];
  const addresses: { -readonly [K in keyof StartedParts['addresses']]: string } = {};
  if (parts.has('kafka')) {
    const chosen = [];
    for (let id = 1; id <= options.brokers; id++) {
      const client = await ports.chooseFor(`kafka-${id}`, usualPorts.kafka + (id - 1) * 100);
      const controller = await ports.chooseFor(`controller-${id}`, client + 1);
      chosen.push({ client, controller });
    }
    addresses.kafkaBrokers = chosen.map(({ client }) => `127.0.0.1:${client}`).join(',');
    const kafka = { java, jarsDir: downloads.kafkaDir, dataDir: join(dataDir, 'kafka'), logsDir };
    starts.push(
      prepareKafka(options.guardian, { ...kafka, ports: chosen }).then(async (brokers) => {
        await Promise.all(brokers.map(async (broker) => running.start(broker)));
      }),
    );
  }
  if (parts.has('registry')) {
    const port = await ports.chooseFor('registry', usualPorts.registry);
    addresses.registryUrl = registryAddress(port);
    const own = { dataDir: join(dataDir, 'registry'), programDir: downloads.registryDir };
    starts.push(running.start(describeRegistry({ java, logsDir, port, ...own })));
  }
  if (parts.has('redis')) {
    const port = await ports.chooseFor('redis', usualPorts.redis);
    addresses.redisUrl = `redis://127.0.0.1:${port}`;
    const program = findRedis(environment.path, downloads.redisProgram);
    const own = { program, dataDir: join(dataDir, 'redis') };
    starts.push(running.start(describeRedis({ logsDir, port, ...own })));
  }
  const prometheus = onPath('prometheus', environment.path);
  if (parts.has('prometheus') && prometheus !== undefined) {
    const port = await ports.chooseFor('prometheus', usualPorts.prometheus);
    addresses.prometheusUrl = `http://127.0.0.1:${port}`;
    const described = describePrometheus({ program: prometheus, dataDir, logsDir, port });
    starts.push(running.start(described));
  }
  await Promise.all(starts);
  return addresses;
}

/** The local processes by name, and what it takes to start each again. */
class LocalStack {
  readonly #guardian: Guardian;
  readonly #onProgress: (line: string) => void;
  readonly #parts = new Map<string, { readonly part: LocalPart; pid: number }>();

  constructor(guardian: Guardian, onProgress: (line: string) => void) {
    this.#guardian = guardian;
    this.#onProgress = onProgress;
  }

  async start(part: LocalPart, append = false): Promise<void> {
    const from = monotonicMs();
    const pid = await spawnPart(this.#guardian, part, append);
    this.#parts.set(part.name, { part, pid });
    await awaitReady(this.#guardian, part);
    this.#onProgress(`${part.title} is ready (${((monotonicMs() - from) / 1000).toFixed(1)} s)`);
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.#parts].map(([name, { pid }]) => [name, pid]));
  }

  kill(name: string, signal: NodeJS.Signals): void {
    const known = this.#parts.get(name);
    if (known === undefined) throw new Error(`${name} is not run by this stack`);
    process.kill(known.pid, signal);
  }

  /** On the same port, with the same data. */
  async restart(name: string): Promise<void> {
    const known = this.#parts.get(name);
    if (known === undefined) throw new Error(`${name} is not run by this stack`);
    await this.#guardian.halt(name);
    await this.start(known.part, true);
  }
}
