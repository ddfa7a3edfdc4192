import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { appendedBytes, cutTail } from '../../bench/faults/append-only.ts';
import { openLink, type OwnLink } from '../../bench/faults/proxy.ts';
import { isScript } from '../../bench/faults/rows/14-lost-redis-reply.ts';
import { foldsOf, storedOffsets } from '../../bench/progress.ts';
import { redisCommand } from '../../bench/redis-command.ts';
import { type RunningStack, startStack } from '../../stack/stack.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/**
 * What Redis may do to us, in short: rows 14, 16 and 18 of the table of faults (15, a crash, is
 * among the guarantees). On a stack of its own, since it is broken; only zero differences will do.
 */
let dataDir: string;
let stack: RunningStack;
let pipeline: Pipeline;
let link: OwnLink | null = null;
let asleep: number | null = null;
let made = 0;
const soon = { timeout: 60_000, interval: 20 };

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'freshet-redis-faults-'));
  stack = await startStack({ dataDir, prometheus: false, own: true });
});

afterEach(async () => {
  wake();
  await pipeline.close();
  await link?.close();
  link = null;
});

afterAll(async () => {
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const redisDir = (): string => join(dataDir, 'redis');

/** A process that sleeps would not hear that it is to stop. */
const wake = (): void => {
  if (asleep !== null) process.kill(asleep, 'SIGCONT');
  asleep = null;
};

const open = async (): Promise<void> => {
  made += 1;
  pipeline = await openPipeline(stack.addresses, `redis-fault-${made}`, {
    FRESHET_KAFKA_SESSION_TIMEOUT_MS: '3000',
    FRESHET_SLICE_RECORDS_MAX: '100',
  });
};

const zero = async (): Promise<void> => {
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
};

/** How far ingest is, all partitions together, as stored with its state. */
const folded = async (): Promise<number> => {
  const [fold] = foldsOf('ingest');
  if (fold === undefined) throw new Error('ingest folds nothing');
  return (await storedOffsets(pipeline.bed, fold)).flat().reduce((sum, next) => sum + next, 0);
};

test('row 14: a script that ran and whose reply was lost is not done twice', async () => {
  await open();
  link = await openLink(Number(new URL(stack.addresses.redisUrl).port));
  await pipeline.run(folding, { FRESHET_REDIS_URL: `redis://127.0.0.1:${link.port}` });
  for (let round = 0; round < 4; round += 1) {
    const lost = link.loseReplies({ times: 2, of: isScript });
    await pipeline.publish(someEvents(400, 40 + round));
    await vi.waitFor(() => expect(lost()).toBe(2), soon);
    link.heal();
  }
  await pipeline.caughtUp();
  await zero();
});

test('row 16: when Redis loses its last writes, state and offsets go back together', async () => {
  await open();
  await pipeline.publish(someEvents(1_000, 50));
  const services = await pipeline.run(folding);
  await pipeline.caughtUp();
  const bytes = appendedBytes(redisDir());
  await pipeline.publish(someEvents(1_000, 51));
  await pipeline.caughtUp();
  process.kill(services.pid, 'SIGSTOP');
  asleep = services.pid;
  const before = await folded();
  const { redis } = stack.pids;
  stack.kill('redis', 'SIGKILL');
  await vi.waitFor(() => expect(() => process.kill(redis ?? 0, 0)).toThrow(), soon);
  cutTail(redisDir(), Math.floor((appendedBytes(redisDir()) - bytes) * 0.9));
  await stack.restart('redis');
  const lost = await vi.waitFor(async () => before - (await folded()), soon);
  expect(lost).toBeGreaterThan(0);
  // They believe to be where they were: what they would write next is refused.
  wake();
  await pipeline.publish(someEvents(500, 52));
  await pipeline.caughtUp();
  expect(await folded()).toBe(2_500);
  await zero();
});

test('row 18: an empty Redis stops everybody, says how to rebuild, and is rebuilt', async () => {
  await open();
  await pipeline.publish(someEvents(1_000, 60));
  const services = await pipeline.run(folding);
  await pipeline.caughtUp();
  await redisCommand(stack.addresses.redisUrl, 'FLUSHALL');
  await pipeline.publish(someEvents(200, 61));
  const says = /code 70.*state was lost.*freshet rebuild/;
  await expect(services.ended).rejects.toThrow(says);
  await expect(pipeline.run(['ingest']).then(({ ended }) => ended)).rejects.toThrow(says);
  // Who publishes definitions has lost what it decided, too.
  const anew = [...folding, 'control'];
  await pipeline.run([...anew, '--bootstrap']);
  await pipeline.caughtUp(anew);
  await zero();
});
