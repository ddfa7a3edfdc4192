/**
 * Starts Kafka, a schema registry and Redis, and Prometheus if there is one. Parts whose address
 * the environment gives are used as they are; the others run in containers if an engine answers,
 * and as local processes if not.
 */
import { readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isSameProcess, processIdentity } from '../lib/config/state-file.ts';
import { stackEnvironment, withoutOutside, type StackEnvironment } from './config.ts';
import { StackError } from './errors.ts';
import { makeWritable } from './folders.ts';
import { Guardian } from './guardian.ts';
import { forgetLastPorts } from './last-ports.ts';
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
  /**
   * Local processes whatever the environment names: for tests that kill them, and for measuring.
   */
  readonly own?: boolean;
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
  const given = stackEnvironment();
  const environment = options.own === true ? withoutOutside(given) : given;
  const outside = await checkOutside(environment);
  const { kafkaBrokers, redisUrl, registryUrl } = outside;
  if (kafkaBrokers !== undefined && redisUrl !== undefined && registryUrl !== undefined) {
    return outsideStack({ ...outside, kafkaBrokers, redisUrl, registryUrl });
  }
  const dataDir = resolve(options.dataDir);
  const logsDir = join(dataDir, 'logs');
  makeWritable(logsDir);
  refuseSecondStack(dataDir);
  const onProgress = options.onProgress ?? (() => undefined);
  let ready = false;
  const guardian = await Guardian.start(logsDir, (name, { code, signal }) => {
    if (ready) onProgress(`${name} ended (${signal ?? `exit code ${code}`}): see ${logsDir}`);
  });
  let claimed = false;
  const stop = async (): Promise<void> => {
    ready = false;
    await guardian.stop();
    if (claimed) rmSync(ownerFile(dataDir), { force: true });
  };
  try {
    claim(dataDir, guardian.pid);
    claimed = true;
    if (options.keep !== true) beginEmpty(dataDir);
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
  const local = options.preferLocal === true || options.own === true || options.brokers === 3;
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
export function deleteData(dataDir: string): void {
  refuseSecondStack(dataDir);
  for (const folder of partFolders) rmSync(join(dataDir, folder), { recursive: true, force: true });
  forgetLastPorts(dataDir);
  try {
    rmdirSync(dataDir);
  } catch {
    // It is not there, or holds other things.
  }
}

/** The guard already writes its log. */
function beginEmpty(dataDir: string): void {
  for (const folder of partFolders) {
    if (folder !== 'logs') rmSync(join(dataDir, folder), { recursive: true, force: true });
  }
}

/** Names the guard of the stack that uses the folder, so that no other one does. */
const ownerFile = (dataDir: string): string => join(dataDir, 'owner.json');

function refuseSecondStack(dataDir: string): void {
  let owner: unknown;
  try {
    owner = JSON.parse(readFileSync(ownerFile(dataDir), 'utf8'));
  } catch {
    owner = undefined;
  }
  if (isSameProcess(owner)) throw alreadyRuns(dataDir);
  rmSync(ownerFile(dataDir), { force: true });
}

function claim(dataDir: string, guardPid: number): void {
  try {
    const identity = JSON.stringify(processIdentity(guardPid));
    writeFileSync(ownerFile(dataDir), identity, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyRuns(dataDir);
    throw error;
  }
}

function alreadyRuns(dataDir: string): StackError {
  return new StackError(
    `A stack is running on the data in ${dataDir}.`,
    'npx freshet down (or end the npm start that runs it), or choose another data folder',
  );
}
