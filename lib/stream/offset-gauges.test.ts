import { expect, test, vi } from 'vitest';

import type { KafkaAdmin } from '../kafka/admin.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { MemoryGroups } from './memory-group.ts';
import { memoryAdmin, MemoryLog, plainLine } from './memory-log.ts';
import { type Advance, ownPartitions, type PartitionWorker } from './owners.ts';
import { realPorts } from './ports.ts';

const kafka = { brokers: [], clientId: 'memory' };

const full: Advance = { kind: 'full', why: 'too much poison' };

/** Owners of a topic of two partitions; left out, they stop both at the first record. */
const world = (advance: PartitionWorker['advance'] = () => Promise.resolve(full)) => {
  const log = new MemoryLog();
  const groups = new MemoryGroups(log);
  log.create('t', 2);
  const own = async () => {
    const metrics = createMetrics({ processMetrics: false });
    const owners = await ownPartitions({
      service: 's',
      group: { kafka, groupId: 'g', topics: ['t'], onFatal: (error) => expect.fail(error.message) },
      admin: memoryAdmin(log, groups, plainLine) as KafkaAdmin,
      log: silentLogger(),
      metrics,
      bootstrap: true,
      worker: () => ({
        header: () => ({ offsets: [0], hashes: [''], marks: [[]], newestMs: [-1] }),
        load: () => Promise.resolve(false),
        startAt: () => undefined,
        drop: () => undefined,
        advance,
      }),
      ports: { ...realPorts, join: (options) => groups.join(options, plainLine) },
    });
    const series = async (): Promise<string[]> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('freshet_partition_'));
    const lags = async (): Promise<string[]> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('freshet_lag_records{'));
    return { owners, series, lags };
  };
  return { log, own };
};

const of = (name: string, partition: number, value: number): string =>
  `freshet_partition_${name}{service="s",partition="${partition}"} ${value}`;

test('that a partition is stopped or waits is said by who owns it, and not after it has moved away', async () => {
  const { log, own } = world();
  const first = await own();
  for (const partition of [0, 1])
    log.append({ topic: 't', partition, key: null, value: Buffer.from('x') });
  const stoppedOne = of('stopped', 1, 1);
  await vi.waitFor(async () => expect(await first.series()).toContain(stoppedOne));
  expect(await first.series()).toContain(of('paused', 1, 1));
  const second = await own();
  await vi.waitFor(async () => expect(await second.series()).toContain(stoppedOne));
  expect(await first.series()).toEqual([of('paused', 0, 1), of('stopped', 0, 1)]);
  await second.owners.stop();
  await first.owners.stop();
});

test('a slice that ends after its partition has moved away says nothing of it any more', async () => {
  const slices: (() => void)[] = [];
  const { log, own } = world(
    () => new Promise((resolve) => slices.push(() => resolve({ kind: 'done', records: 1 }))),
  );
  const first = await own();
  log.append({ topic: 't', partition: 1, key: null, value: Buffer.from('x') });
  await vi.waitFor(() => expect(slices).toHaveLength(1));
  const second = await own();
  await vi.waitFor(async () => expect(await first.series()).toEqual([of('paused', 0, 0)]));
  slices.forEach((end) => end());
  await second.owners.stop();
  await first.owners.stop();
  expect(await first.lags()).toEqual([]);
});
