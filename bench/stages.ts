import { monotonicMs } from '../lib/clock.ts';
import type { Bed } from './bed.ts';
import { childrenCpuSeconds, cpuSeconds, residentMb } from './cpu.ts';
import { caughtUp } from './progress.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

/** One measured stage: some services catch up with logs that are there. */
export interface StageResult {
  readonly stage: string;
  readonly seconds: number;
  readonly events_per_second: number;
  /** Services, Redis and broker: user + system of each process during the stage, per event. */
  readonly cpu_us_per_event: number;
  readonly redis_cpu_us_per_event: number;
  /** Of this: executing commands, by command; and rewriting the append-only file in a child. */
  readonly redis_commands_us_per_event: Readonly<Record<string, number>>;
  readonly redis_children_cpu_us_per_event: number;
  readonly broker_cpu_us_per_event: number;
  readonly services: readonly ServiceResult[];
  readonly redis_used_memory_bytes_added: number;
  readonly redis_rss_mb: number;
  readonly broker_rss_mb: number;
}

export interface ServiceResult {
  readonly service: string;
  /** From the start of the process, all of it. */
  readonly cpu_us_per_event: number;
  /** The part until it was ready: in a process that stays up this is paid once. */
  readonly startup_cpu_seconds: number;
  readonly rss_mb: number;
  readonly rss_peak_mb: number;
}

export interface StageOptions {
  readonly stage: string;
  readonly services: readonly string[];
  readonly events: number;
  readonly cpuProfDir?: string;
  readonly say: (line: string) => void;
}

/**
 * Runs each service of a stage as a process of its own, from its start until Redis says that
 * nothing lies before any of their folds, and charges all CPU of Redis and the broker to it.
 */
export async function runStage(bed: Bed, options: StageOptions): Promise<StageResult> {
  const { stage, services, events } = options;
  const { redis, kafka } = bed.pids;
  const usedBefore = await usedMemory(bed);
  const commandsBefore = await commandMicroseconds(bed);
  const before = {
    redis: cpuSeconds(redis),
    children: childrenCpuSeconds(redis),
    kafka: cpuSeconds(kafka),
  };
  const startedMs = monotonicMs();
  const { cpuProfDir } = options;
  const prof = cpuProfDir === undefined ? {} : { cpuProfDir };
  const starting = services.map((service) => startServiceProcess(bed, { run: [service], ...prof }));
  const processes = await started(starting);
  try {
    const done = caughtUp(bed, services, sayer(options));
    await Promise.race([done, ...processes.map(({ ended }) => ended)]);
    const seconds = (monotonicMs() - startedMs) / 1_000;
    const perEvent = (cpu: number): number => round((cpu * 1e6) / events);
    const redisCpu = cpuSeconds(redis) - before.redis;
    const childrenCpu = childrenCpuSeconds(redis) - before.children;
    const brokerCpu = cpuSeconds(kafka) - before.kafka;
    const own = processes.map((process) => ({ process, cpu: cpuSeconds(process.pid) }));
    const all = own.reduce((sum, { cpu }) => sum + cpu, redisCpu + brokerCpu);
    const result = {
      stage,
      seconds: round(seconds),
      events_per_second: Math.round(events / seconds),
      cpu_us_per_event: perEvent(all),
      redis_cpu_us_per_event: perEvent(redisCpu),
      redis_commands_us_per_event: perCommand(
        commandsBefore,
        await commandMicroseconds(bed),
        events,
      ),
      redis_children_cpu_us_per_event: perEvent(childrenCpu),
      broker_cpu_us_per_event: perEvent(brokerCpu),
      services: own.map(({ process, cpu }) => serviceResult(process, perEvent(cpu))),
      redis_used_memory_bytes_added: (await usedMemory(bed)) - usedBefore,
      redis_rss_mb: residentMb(redis).now,
      broker_rss_mb: residentMb(kafka).now,
    };
    options.say(`${stage}: ${result.seconds} s, ${result.cpu_us_per_event} us of CPU per event`);
    return result;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/** If one does not start, those that did are stopped. */
async function started(starting: readonly Promise<ServiceProcess>[]): Promise<ServiceProcess[]> {
  try {
    return await Promise.all(starting);
  } catch (error) {
    const settled = await Promise.allSettled(starting);
    for (const one of settled) if (one.status === 'fulfilled') await one.value.stop();
    throw error;
  }
}

const serviceResult = (process: ServiceProcess, cpuUsPerEvent: number): ServiceResult => {
  const rss = residentMb(process.pid);
  return {
    service: process.name,
    cpu_us_per_event: cpuUsPerEvent,
    startup_cpu_seconds: round(process.startupCpuSeconds()),
    rss_mb: rss.now,
    rss_peak_mb: rss.peak,
  };
};

export async function usedMemory(bed: Bed): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await bed.redis.info('memory'))?.[1] ?? 0);
}

/** Time that Redis has spent in each command so far. */
async function commandMicroseconds(bed: Bed): Promise<Map<string, number>> {
  const stats = await bed.redis.info('commandstats');
  return new Map(
    [...stats.matchAll(/cmdstat_(\S+?):.*?usec=(\d+)/g)].map(([, name = '', us]) => [
      name,
      Number(us),
    ]),
  );
}

/** Scripts count with the commands that they run, which are not counted again. */
function perCommand(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  events: number,
): Record<string, number> {
  const spent = ['mget', 'evalsha', 'getrange'].map((name) => [
    name,
    round(((after.get(name) ?? 0) - (before.get(name) ?? 0)) / events),
  ]);
  return Object.fromEntries(spent) as Record<string, number>;
}

const sayEveryMs = 2_000;

/** Progress on the way, now and then. */
function sayer({ stage, say }: StageOptions): (lag: number) => void {
  let saidMs = monotonicMs();
  return (lag) => {
    if (monotonicMs() - saidMs < sayEveryMs) return;
    saidMs = monotonicMs();
    say(`${stage}: ${lag.toLocaleString('en')} records to go`);
  };
}

export const round = (value: number): number => Math.round(value * 100) / 100;
