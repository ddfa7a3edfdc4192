/** What is written down about a running stack, and what can be done with it from there. */
import { setTimeout as pause } from 'node:timers/promises';
import { isSameProcess, processIdentity, type StackState } from '../lib/config/state-file.ts';
import { monotonicMs } from '../lib/clock.ts';
import { nodeText, parseRedisUrl } from '../lib/redis/address.ts';
import { httpAnswers, kafkaAnswers, listens, redisAnswers } from './probes.ts';
import type { RunningStack } from './stack.ts';

const stopMsMax = 25_000;

/** For `writeStateFile`, once the stack runs. */
export function stackState(stack: RunningStack, dataDir: string): StackState {
  const processes = Object.entries(stack.pids).map(([name, pid]) => [name, processIdentity(pid)]);
  return {
    mode: stack.mode,
    addresses: stack.addresses,
    processes: Object.fromEntries(processes),
    dataDir,
  };
}

/**
 * Stops a stack that an earlier command left running. The guard knows how; processes that outlive
 * it, or were left without one, are killed, but only those that are still the ones written down.
 */
export async function stopStack(state: StackState): Promise<readonly string[]> {
  const living = (): [string, number][] =>
    Object.entries(state.processes)
      .filter(([, identity]) => isSameProcess(identity))
      .map(([name, { pid }]) => [name, pid]);
  const before = living();
  const guard = before.find(([name]) => name === 'guard');
  signalAll(guard === undefined ? before : [guard], 'SIGTERM');
  const deadline = monotonicMs() + stopMsMax;
  while (living().length > 0 && monotonicMs() < deadline) await pause(50);
  signalAll(living(), 'SIGKILL');
  return before.map(([name]) => name).filter((name) => name !== 'guard');
}

function signalAll(processes: readonly (readonly [string, number])[], signal: NodeJS.Signals) {
  for (const [, pid] of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It went away in between.
    }
  }
}

export interface PartStatus {
  readonly part: string;
  readonly address: string;
  readonly answers: boolean;
  readonly pid?: number;
}

/**
 * Every address of the stack, and whether it answers: parts of our own are asked, since a frozen one
 * still listens.
 */
export async function partStatuses(state: StackState): Promise<readonly PartStatus[]> {
  const { kafkaBrokers, prometheusUrl, redisUrl, registryUrl } = state.addresses;
  const named: [string, string][] = [
    ...kafkaBrokers.split(',').map((address, index): [string, string] => {
      return [index === 0 ? 'kafka' : `kafka-${index + 1}`, `kafka://${address}`];
    }),
    ['registry', registryUrl],
    ...redisParts(redisUrl),
    ...(prometheusUrl === undefined ? [] : [['prometheus', prometheusUrl] as [string, string]]),
  ];
  return Promise.all(
    named.map(async ([part, url]) => {
      const { host, port } = hostAndPort(url);
      const pid = state.processes[part]?.pid;
      const answers = await (pid === undefined ? listens(host, port) : asked(part, { url, port }));
      const address = `${host}:${port}`;
      return { part, address, answers, ...(pid === undefined ? {} : { pid }) };
    }),
  );
}

/** What the URL names: the one, some nodes of the cluster, or the sentinels. */
function redisParts(url: string): [string, string][] {
  const { mode, nodes } = parseRedisUrl(url);
  const part = mode === 'sentinel' ? 'sentinel' : 'redis';
  return nodes.map((node, n) => [n === 0 ? part : `${part}-${n + 1}`, `redis://${nodeText(node)}`]);
}

/** A part that runs as a process of ours, without TLS or password. */
function asked(
  part: string,
  { url, port }: { readonly url: string; readonly port: number },
): Promise<boolean> {
  if (part === 'redis') return redisAnswers(port);
  if (part === 'registry') return httpAnswers(`${url}/subjects`);
  if (part === 'prometheus') return httpAnswers(`${url}/-/ready`);
  return kafkaAnswers(port, 1);
}

const usualPorts: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'kafka:': 9092,
  'redis:': 6379,
};

export function hostAndPort(url: string): { host: string; port: number } {
  const parsed = new URL(url);
  const port = Number(parsed.port) || usualPorts[parsed.protocol];
  if (port === undefined || parsed.hostname === '') throw new TypeError(`no port in ${url}`);
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port };
}
