import type { CommonConfig } from '../../lib/config/common.ts';
import { RetryableError } from '../../lib/errors.ts';
import { sendQueue } from '../../lib/kafka/outbox.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import type { MemoryGroups } from '../../lib/stream/memory-group.ts';
import { type Line, memoryAdmin } from '../../lib/stream/memory-log.ts';
import type { RunnerPorts } from '../../lib/stream/ports.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import { silentLogger } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Dice } from './dice.ts';
import type { Schemas } from './folds.ts';
import type { Process, Scheduler } from './scheduler.ts';

/** A process of the simulation, as the world sees it. */
export interface Host extends Process {
  readonly line: Line;
  services: RunningService[];
  stopping: boolean;
}

export interface HostWorld {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly groups: MemoryGroups;
  /** Redis, as it does commands at once and one after the other. */
  readonly store: StateStore;
  readonly values: Map<string, Buffer>;
  readonly knownSchemas: ReadonlySet<number>;
  append(messages: readonly OutMessage[]): void;
  /** Share of sends that arrive in part. */
  readonly cut: () => number;
}

export function hostNamed(name: string, { scheduler }: HostWorld): Host {
  const process = { name, alive: true, frozen: false };
  return Object.assign(process, { line: scheduler.lineOf(process), services: [], stopping: false });
}

/** Everything that the runner reaches out by, on the host's own line. */
export function portsOf(host: Host, world: HostWorld): RunnerPorts {
  const { line } = host;
  let clockMs = 0;
  return {
    open: (_config, wanted) =>
      line.call('open', () => handsOf(host, world, wanted.topics[0] ?? '')),
    join: (options) => world.groups.join(options, line),
    timers: world.scheduler.timersOf(host),
    // Jumps as a clock does in a process that was suspended.
    monotonicMs: () => (clockMs += world.dice.chance(0.05) ? 3_600_000 : 1),
  };
}

/** Redis, as a host sees it. */
export function storeOf({ line }: Host, { store }: HostWorld): StateStore {
  const ask =
    <A, R>(what: string, act: (asked: A) => Promise<R>) =>
    (asked: A): Promise<R> =>
      line.call(what, () => act(asked));
  return {
    load: ask('load', (keys) => store.load(keys)),
    commit: ask('commit', (commit) => store.commit(commit)),
    decide: ask('decide', (decision) => store.decide(decision)),
    decided: ask('decided', (key) => store.decided(key)),
    remove: ask('remove', (removal) => store.remove(removal)),
  };
}

function handsOf(host: Host, world: HostWorld, input: string): Hands {
  const { line } = host;
  const { values, groups } = world;
  return {
    admin: only<Hands['admin']>(memoryAdmin(groups.log, groups, line)),
    redis: only<Hands['redis']>({
      getString: (key) => line.call('get', () => values.get(key)?.toString() ?? null),
      setIfAbsent: (key, value) =>
        line.call('set', () => {
          if (values.has(key)) return false;
          values.set(key, Buffer.from(value));
          return true;
        }),
      close: async () => undefined,
    }),
    store: storeOf(host, world),
    outbox: outboxOf(line, world),
    partitions: groups.log.partitions(input),
    clusterId: 'memory',
  };
}

function outboxOf(line: Line, world: HostWorld): Hands['outbox'] {
  const queue = sendQueue((messages: readonly OutMessage[]) =>
    line.call('send', () => {
      if (!world.dice.chance(world.cut())) return world.append(messages);
      world.append(messages.slice(0, world.dice.below(messages.length)));
      throw new RetryableError('send: a part of it was not acknowledged');
    }),
  );
  return { send: queue.send, close: async () => undefined };
}

/** An object of which only some members are there; whoever uses another is told so at once. */
function only<T extends object>(members: Partial<T>): T {
  return new Proxy(members as T, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      if (found === undefined && typeof name === 'string' && name !== 'then')
        throw new Error(`the simulation has no ${name} yet: the runner reaches out by it`);
      return found;
    },
  });
}

const quiet: Metrics = {
  add: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  forget: () => undefined,
  text: async () => '',
  contentType: '',
};
const log = silentLogger();

export const contextOf = (options: {
  readonly partitions: number;
  readonly recordsMax: number;
  readonly bootstrap: boolean;
  readonly onFatal: (error: Error) => void;
}): ServiceContext => ({
  config: {
    prefix: 'sim',
    partitions: options.partitions,
    kafka: { brokers: [], clientId: 'sim' },
    failedInARowMax: 100,
    failedOf1000Max: 500,
    sliceRecordsMax: options.recordsMax,
  } as unknown as CommonConfig,
  log,
  metrics: quiet,
  bootstrap: options.bootstrap,
  onFatal: options.onFatal,
});

/** What a process has learned of schemas: asks for what it does not know, again each time. */
export function schemasOf({ line }: Host, world: HostWorld): Schemas {
  const found = new Set<number>();
  return {
    find: async (ids) => {
      const missing = ids.filter((id) => !found.has(id));
      if (missing.length === 0) return;
      const known = await line.call('registry', () =>
        missing.filter((id) => world.knownSchemas.has(id)),
      );
      for (const id of known) found.add(id);
    },
    has: (id) => found.has(id),
  };
}
