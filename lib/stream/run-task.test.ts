import { expect, test } from 'vitest';

import { RetryableError } from '../errors.ts';
import type { ServiceContext } from '../service.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Hands } from './hands.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import { type PartitionTask, runTask } from './run-task.ts';

const task: PartitionTask = {
  name: 'candidates',
  code: 'c',
  revision: 1,
  layout: 1,
  config: null,
  topics: ['interactions'],
  recordsMax: 10,
  slice: async () => ({ kind: 'restart' }),
};
const context: ServiceContext = {
  config: { prefix: 'shop', partitions: 4, kafka: {} } as unknown as ServiceContext['config'],
  log: silentLogger(),
  metrics: createMetrics(),
  bootstrap: true,
  onFatal: () => undefined,
};

function world(fails: 'redis' | 'write' | 'join') {
  const closed: string[] = [];
  const timers = new Set<object>();
  const strings = new Map<string, string>();
  const refuse = async (at: typeof fails): Promise<void> => {
    if (at === fails) throw new RetryableError(`${at} failed`);
  };
  const closable = (name: string) => ({ close: async () => void closed.push(name) });
  const hands = {
    admin: closable('admin'),
    outbox: closable('outbox'),
    redis: {
      ...closable('redis'),
      getString: async (key: string) => {
        await refuse('redis');
        return strings.get(key) ?? null;
      },
      setIfAbsent: async (key: string, value: string) => {
        await refuse('write');
        strings.set(key, value);
        return true;
      },
    },
    partitions: 4,
    clusterId: 'cluster',
  } as unknown as Hands;
  const kept = () => {
    const timer = {};
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const ports: RunnerPorts = {
    ...realPorts,
    open: async () => hands,
    join: async () => {
      await refuse('join');
      throw new Error('nobody gets as far');
    },
    timers: { after: kept, every: kept },
  };
  return { ports, closed, timers };
}

test.each(['redis', 'write', 'join'] as const)(
  'a start that fails leaves nothing open and no timer behind (%s)',
  async (fails) => {
    const { ports, closed, timers } = world(fails);
    await expect(runTask(task, context, ports)).rejects.toThrow(`${fails} failed`);
    expect(closed.toSorted()).toEqual(['admin', 'outbox', 'redis']);
    expect(timers.size).toBe(0);
  },
);
