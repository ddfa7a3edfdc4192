/**
 * Starts Kafka, a schema registry and Redis, and Prometheus if there is one. Parts whose address
 * the environment gives are used as they are; the others run in containers if an engine answers,
 * and as local processes if not.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSameProcess, processIdentity } from '../lib/config/state-file.ts';
import { stackEnvironment, type StackEnvironment } from './config.ts';
import { StackError } from './errors.ts';
import { Guardian } from './guardian.ts';
import { checkOutside } from './outside.ts';
import { startContainers } from './containers.ts';
import { startProcesses } from './processes.ts';
import { checkNode, findEngine } from './requirements.ts';
import type { Part } from './settings.ts';
import type { StartedParts, StartOptions } from './started-parts.ts';

export interface StackAddresses {
  readonly kafkaBrokers: string;
  readonly registryUrl: string;
  readonly redisUrl: string;
  readonly prometheusUrl?: string;
}

export interface StackOptions {
  /** Everything that the stack writes lies here; see `partFolders`. */
  readonly dataDir: string;
  /** Goes on with the data that is there; otherwise the stack begins empty. */
  readonly keep?: boolean;
  readonly cacheDir?: string;
  readonly brokers?: 1 | 3;
  readonly prometheus?: boolean;
  readonly onProgress?: (line: string) => void;
  /** Local processes even if a container engine answers. */
  readonly preferLocal?: boolean;
}

export interface RunningStack {
  readonly addresses: StackAddresses;
  readonly mode: 'outside' | 'containers' | 'processes';
  /** By part, as of now; `guard` is the process that stops all others when it ends. */
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
  /** For tests. Of three brokers, `kafka` is the first. */
  kill(part: 'kafka' | 'redis' | 'registry', signal: NodeJS.Signals): void;
  /** On the same port, with the same data; whether or not it still runs. */
  restart(part: 'kafka' | 'redis' | 'registry'): Promise<void>;
}

/** A running stack that can be left to itself. */
export interface DetachableStack extends RunningStack {
  /** From now on the stack outlives this process; SIGTERM to `pids.guard` stops it. */
  detach(): Promise<void>;
}

/** What a stack writes below its data folder; nothing else there is ever deleted. */
export const partFolders = ['kafka', 'registry', 'redis', 'prometheus', 'logs'] as const;

export async function startStack(options: StackOptions): Promise<DetachableStack> {
  checkNode();
  const environment = stackEnvironment();
  const outside = await checkOutside(environment);
  const { kafkaBrokers, redisUrl, registryUrl } = outside;
  if (kafkaBrokers !== undefined && redisUrl !== undefined && registryUrl !== undefined) {
    return outsideStack({ ...outside, kafkaBrokers, redisUrl, registryUrl });
  }
  const dataDir = resolve(options.dataDir);
  const owner = join(dataDir, 'owner.json');
  refuseSecondStack(owner, dataDir);
  const logsDir = join(dataDir, 'logs');
  mkdirSync(logsDir, { recursive: true });
  const onProgress = options.onProgress ?? (() => undefined);
  let ready = false;
  const guardian = await Guardian.start(join(logsDir, 'guard.log'), (name, { code, signal }) => {
    if (ready) onProgress(`${name} ended (${signal ?? `exit code ${code}`}): see ${logsDir}`);
  });
  let claimed = false;
  const stop = async (): Promise<void> => {
    ready = false;
    await guardian.stop();
    if (claimed) rmSync(owner, { force: true });
  };
  try {
    claim(owner, guardian.pid, dataDir);
    claimed = true;
    if (options.keep !== true) deleteData(dataDir, ['logs']);
    const start = { environment, dataDir, logsDir, guardian, onProgress };
    const { mode, started } = await startOwn(options, start);
    ready = true;
    return runningStack({ started, outside, guardian, stop, mode });
  } catch (error) {
    await stop();
    throw error;
  }
}

type Surroundings = Pick<
  StartOptions,
  'dataDir' | 'environment' | 'guardian' | 'logsDir' | 'onProgress'
>;

/** Starts what nobody else runs: in containers if an engine answers, else as processes. */
async function startOwn(
  options: StackOptions,
  surroundings: Surroundings,
): Promise<Pick<Running, 'mode' | 'started'>> {
  const { environment } = surroundings;
  const wanted = {
    ...surroundings,
    parts: wantedParts(environment, options.prometheus !== false),
    cacheDir: options.cacheDir ?? environment.cacheDir,
    brokers: options.brokers ?? 1,
    keep: options.keep === true,
  };
  // The compose file describes one broker; three are started as processes.
  const local = options.preferLocal === true || options.brokers === 3;
  const engine = local ? undefined : await findEngine(environment.path);
  return engine === undefined
    ? { mode: 'processes', started: await startProcesses(wanted) }
    : { mode: 'containers', started: await startContainers({ ...wanted, engine }) };
}

interface Running {
  readonly started: StartedParts;
  readonly outside: StartedParts['addresses'];
  readonly guardian: Guardian;
  readonly stop: () => Promise<void>;
  readonly mode: 'containers' | 'processes';
}

function runningStack({ started, outside, guardian, stop, mode }: Running): DetachableStack {
  return {
    addresses: { ...outside, ...started.addresses } as StackAddresses,
    mode,
    get pids() {
      return { guard: guardian.pid, ...started.pids() };
    },
    stop,
    kill: started.kill,
    restart: started.restart,
    detach: async () => guardian.release(),
  };
}

function outsideStack(addresses: StackAddresses): DetachableStack {
  const refuse = (): never => {
    throw new Error('this stack is run by somebody else');
  };
  return {
    addresses,
    mode: 'outside',
    pids: {},
    stop: async () => undefined,
    kill: refuse,
    restart: async () => refuse(),
    detach: async () => undefined,
  };
}

function wantedParts(environment: StackEnvironment, prometheus: boolean): ReadonlySet<Part> {
  const parts = new Set<Part>();
  if (environment.kafkaBrokers === undefined) parts.add('kafka');
  if (environment.registryUrl === undefined) parts.add('registry');
  if (environment.redisUrl === undefined) parts.add('redis');
  if (prometheus && environment.prometheusUrl === undefined) parts.add('prometheus');
  return parts;
}

/** Deletes what stacks wrote, and only that: the folder may hold other things. */
export function deleteData(dataDir: string, except: readonly string[] = []): void {
  for (const folder of partFolders) {
    if (except.includes(folder)) continue;
    rmSync(join(dataDir, folder), { recursive: true, force: true });
  }
}

function refuseSecondStack(owner: string, dataDir: string): void {
  try {
    if (!isSameProcess(JSON.parse(readFileSync(owner, 'utf8')))) {
      rmSync(owner, { force: true });
      return;
    }
  } catch {
    return;
  }
  throw alreadyRuns(dataDir);
}

function alreadyRuns(dataDir: string): StackError {
  return new StackError(
    `Another stack is running on the data in ${dataDir}.`,
    'npx freshet down (or end the npm start that runs it), or choose another data folder',
  );
}

function claim(owner: string, guardPid: number, dataDir: string): void {
  try {
    writeFileSync(owner, JSON.stringify(processIdentity(guardPid)), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyRuns(dataDir);
    throw error;
  }
}
