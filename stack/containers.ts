import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { monotonicMs } from '../lib/clock.ts';
import { StackError } from './errors.ts';
import { readClusterId } from './kafka.ts';
import { reasonIn } from './local-part.ts';
import { readLastPorts, writeLastPorts } from './last-ports.ts';
import { PortReservations } from './ports.ts';
import { httpAnswers, kafkaAnswers, redisAnswers } from './probes.ts';
import { writePrometheusConfig } from './prometheus.ts';
import { registryAddress } from './registry.ts';
import { findEngine } from './requirements.ts';
import { type Part, usualPorts } from './settings.ts';
import type { StartedParts, StartOptions } from './started-parts.ts';

const composeFile = fileURLToPath(new URL('../docker-compose.yml', import.meta.url));
const readyMsMax = 120_000;

export interface ContainerOptions extends StartOptions {
  /** The start of a command line, such as `docker compose`. */
  readonly engine: readonly string[];
}

/** Starts the wanted parts as containers; the guard takes them down at the end. */
export async function startContainers(options: ContainerOptions): Promise<StartedParts> {
  const { cacheDir, dataDir, guardian, keep, parts } = options;
  const reservations = new PortReservations(cacheDir, keep ? readLastPorts(dataDir) : {});
  try {
    const ports = await choosePorts(reservations);
    const compose = new Compose(options, ports);
    if (!keep) await compose.run('down', '--volumes');
    await guardian.atStop(compose.program, compose.line('down', '--timeout', '12'));
    await up(compose, options);
    await Promise.all([...parts].map(async (part) => compose.awaitReady(part)));
    writeLastPorts(dataDir, reservations.chosen);
    return {
      addresses: addressesOf(parts, ports),
      pids: () => ({}),
      kill: (part, signal) => compose.runNow('kill', '--signal', signal, part),
      restart: async (part) => {
        await compose.run('restart', part);
        await compose.awaitReady(part);
      },
    };
  } finally {
    reservations.release();
  }
}

/** What containers of an earlier start kept. There is none where no engine answers. */
export async function deleteVolumes(dataDir: string, path: string): Promise<void> {
  const [program, ...rest] = (await findEngine(path)) ?? [];
  if (program === undefined) return;
  const line = ['--project-name', projectOf(dataDir), '--file', composeFile, 'down', '--volumes'];
  await promisify(execFile)(program, [...rest, ...line]);
}

/** Each data folder has containers and volumes of its own. */
function projectOf(dataDir: string): string {
  return `freshet-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}

type Ports = Readonly<Record<Part, number>>;

async function choosePorts(reservations: PortReservations): Promise<Ports> {
  return {
    kafka: await reservations.chooseFor('kafka-1', usualPorts.kafka),
    registry: await reservations.chooseFor('registry', usualPorts.registry),
    redis: await reservations.chooseFor('redis', usualPorts.redis),
    prometheus: await reservations.chooseFor('prometheus', usualPorts.prometheus),
  };
}

function addressesOf(parts: ReadonlySet<Part>, ports: Ports): StartedParts['addresses'] {
  return {
    ...(parts.has('kafka') ? { kafkaBrokers: `127.0.0.1:${ports.kafka}` } : {}),
    ...(parts.has('registry') ? { registryUrl: registryAddress(ports.registry) } : {}),
    ...(parts.has('redis') ? { redisUrl: `redis://127.0.0.1:${ports.redis}` } : {}),
    ...(parts.has('prometheus') ? { prometheusUrl: `http://127.0.0.1:${ports.prometheus}` } : {}),
  };
}

/** By way of the guard, so that a launcher that dies meanwhile leaves nothing behind. */
async function up(compose: Compose, options: ContainerOptions): Promise<void> {
  const { guardian, logsDir, onProgress, parts } = options;
  const logFile = join(logsDir, 'compose.log');
  onProgress('Starting containers (the first time their images are downloaded)');
  await guardian.spawn({
    name: 'compose',
    command: compose.program,
    args: compose.line('up', '--detach', ...parts),
    cwd: logsDir,
    logFile,
    append: false,
  });
  let exit = guardian.exitOf('compose');
  while (exit === undefined) {
    await pause(100);
    exit = guardian.exitOf('compose');
  }
  if (exit.code === 0) return;
  throw new StackError(
    `The containers did not start: ${reasonIn(readFileSync(logFile, 'utf8'))}.`,
    `read ${logFile}, or start local processes instead with --local`,
  );
}

/** Compose for one data folder. */
class Compose {
  readonly program: string;
  readonly #start: readonly string[];
  readonly #ports: Ports;
  readonly #onProgress: (line: string) => void;

  constructor(options: ContainerOptions, ports: Ports) {
    const { dataDir, engine, onProgress } = options;
    const [program = '', ...rest] = engine;
    const envFile = join(dataDir, 'logs', 'compose.env');
    writePrometheusConfig(dataDir);
    writeFileSync(envFile, environmentOf(dataDir, ports));
    this.program = program;
    const naming = `--project-name ${projectOf(dataDir)} --profile monitoring`.split(' ');
    this.#start = [...rest, ...naming, '--env-file', envFile, '--file', composeFile];
    this.#ports = ports;
    this.#onProgress = onProgress;
  }

  line(...args: readonly string[]): readonly string[] {
    return [...this.#start, ...args];
  }

  async run(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(this.program, this.line(...args));
  }

  runNow(...args: readonly string[]): void {
    execFileSync(this.program, this.line(...args), { stdio: 'ignore' });
  }

  async awaitReady(part: Part): Promise<void> {
    const from = monotonicMs();
    while (!(await this.#answers(part))) {
      if (monotonicMs() - from > readyMsMax) {
        throw new StackError(
          `The container of ${part} is not ready after ${readyMsMax / 1000} s.`,
          `see ${[this.program, ...this.line('logs', part)].join(' ')}`,
        );
      }
      await pause(100);
    }
    this.#onProgress(`${part} is ready (${((monotonicMs() - from) / 1000).toFixed(1)} s)`);
  }

  async #answers(part: Part): Promise<boolean> {
    const port = this.#ports[part];
    switch (part) {
      case 'kafka':
        return kafkaAnswers(port, 1);
      case 'registry':
        return httpAnswers(`${registryAddress(port)}/subjects`);
      case 'redis':
        return redisAnswers(port);
      case 'prometheus':
        return httpAnswers(`http://127.0.0.1:${port}/-/ready`);
    }
  }
}

function environmentOf(dataDir: string, ports: Ports): string {
  const variables = {
    FRESHET_DATA_DIR: dataDir,
    FRESHET_CLUSTER_ID: readClusterId(join(dataDir, 'kafka')),
    FRESHET_KAFKA_PORT: ports.kafka,
    FRESHET_REGISTRY_PORT: ports.registry,
    FRESHET_REDIS_PORT: ports.redis,
    FRESHET_PROMETHEUS_PORT: ports.prometheus,
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
