import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { ServiceProcess } from '../../bench/service-process.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type RunningStack, startStack } from '../../stack/stack.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/**
 * Guarantees on real processes that are killed, frozen and cut off. This file has a stack of its
 * own, since it also breaks that; every test ends with `verify`, and only zero will do.
 */
let dataDir: string;
let stack: RunningStack;
let pipeline: Pipeline;
let made = 0;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'freshet-guarantees-'));
  stack = await startStack({ dataDir, prometheus: false, own: true });
});

afterEach(async () => {
  await pipeline.close();
});

afterAll(async () => {
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Short sessions, so that a killed member is soon replaced; small slices, so that kills hit some. */
const open = async (): Promise<Pipeline> => {
  made += 1;
  pipeline = await openPipeline(stack.addresses, `guarantee-${made}`, {
    FRESHET_KAFKA_SESSION_TIMEOUT_MS: '3000',
    FRESHET_SLICE_RECORDS_MAX: '200',
  });
  return pipeline;
};

/** Ends as a power cut would, and waits until the system says that it is gone. */
const killed = async (service: ServiceProcess): Promise<void> => {
  process.kill(service.pid, 'SIGKILL');
  await expect(service.ended).rejects.toThrow('ended by itself');
};

const settled = async (services: readonly string[] = folding): Promise<void> => {
  await pipeline.run(services);
  await pipeline.caughtUp();
  await zero();
};

const zero = async (): Promise<void> => {
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
};

const interactionCount = async (): Promise<number> => {
  const topic = pipeline.userEvents.replace('user-events', 'interactions');
  const ids = new Set<string>();
  for await (const records of readLog({ kafka: pipeline.bed.config.kafka, topic })) {
    for (const { partition, offset } of records) ids.add(`${partition}/${offset}`);
  }
  return ids.size;
};

test('processes killed at any moment neither lose nor double an event', async () => {
  await open();
  await pipeline.publish(someEvents(3_000, 1));
  for (const records of [300, 1_100, 2_200]) {
    const service = await pipeline.run(folding);
    await pipeline.folded('user-features', records);
    await killed(service);
  }
  await settled();
  expect(await interactionCount()).toBeGreaterThanOrEqual(3_000);
});

test.each(['after_emit:2', 'before_commit:3', 'after_commit:4'])(
  'a process that dies at %s is replaced without a difference',
  async (failpoint) => {
    await open();
    await pipeline.publish(someEvents(1_500, 2));
    for (const service of ['ingest', 'signals']) {
      const dying = await pipeline
        .run([service], { FRESHET_FAILPOINT: failpoint })
        .catch(() => null);
      await dying?.ended.catch(() => undefined);
      const next = await pipeline.run([service]);
      await pipeline.caughtUp([service]);
      await next.stop();
    }
    await settled();
  },
);

test('an owner that was frozen and overtaken changes nothing when it wakes', async () => {
  await open();
  await pipeline.publish(someEvents(2_000, 3));
  const zombie = await pipeline.run(folding);
  await pipeline.folded('ingest', 400);
  process.kill(zombie.pid, 'SIGSTOP');
  await pipeline.run(folding);
  await pipeline.caughtUp();
  await pipeline.publish(someEvents(1_000, 4));
  process.kill(zombie.pid, 'SIGCONT');
  await pipeline.publish(someEvents(1_000, 5));
  await pipeline.caughtUp();
  await zero();
});

test('members come and go while batches are folded', async () => {
  await open();
  await pipeline.publish(someEvents(2_000, 6));
  const first = await pipeline.run(folding);
  await pipeline.folded('ingest', 200);
  const second = await pipeline.run(folding);
  await pipeline.publish(someEvents(2_000, 7));
  await first.stop();
  await pipeline.caughtUp();
  await second.stop();
  await pipeline.publish(someEvents(500, 8));
  await settled();
});

test('duplicates change nothing, and late events are folded', async () => {
  await open();
  const dayMs = 86_400_000;
  const events = someEvents(1_000, 9);
  const late = someEvents(300, 10).map((event) => ({
    ...event,
    occurred_at: Date.now() - 30 * dayMs,
  }));
  await pipeline.run(folding);
  await pipeline.publish(events);
  await pipeline.publish([...late, ...events]);
  await pipeline.publish(events.toReversed());
  await pipeline.caughtUp();
  await zero();
  expect(await interactionCount()).toBe(1_300);
});

test('Redis killed and started again goes on from what it has on disk', async () => {
  await open();
  await pipeline.publish(someEvents(3_000, 11));
  await pipeline.run(folding);
  await pipeline.folded('user-features', 600);
  stack.kill('redis', 'SIGKILL');
  await stack.restart('redis');
  await pipeline.publish(someEvents(500, 12));
  await pipeline.caughtUp();
  await zero();
});

test('a broker killed and started again loses nothing that was acknowledged', async () => {
  await open();
  await pipeline.publish(someEvents(3_000, 13));
  await pipeline.run(folding);
  await pipeline.folded('user-features', 600);
  stack.kill('kafka', 'SIGKILL');
  await stack.restart('kafka');
  await pipeline.publish(someEvents(500, 14));
  await pipeline.caughtUp();
  await zero();
});
