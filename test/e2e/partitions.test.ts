import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Bed } from '../../bench/bed.ts';
import { caughtUp } from '../../bench/progress.ts';
import type { PartitionsReport } from '../../cli/rebuild/set-report.ts';
import { verifyAll } from '../../cli/verify/verify.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import { interactions } from '../../topics/interactions.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** Another partition count under load, on real processes: nothing lost, nothing doubled, answers. */
const prefix = 'partitions-e2e';
const folding = ['ingest', 'user-features', 'seen-items', 'signals', 'learning'] as const;
const ofSet = [...folding, 'repartition', 'experiments', 'candidates', 'weights'];
const settled = { timeout: 60_000, interval: 100 };
const second = { FRESHET_PARTITIONS: '5/2' };
let pipeline: Pipeline;
let asking: Asking;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `hears` resolves when the command has said this. */
function rebuild(
  words: readonly string[],
  more: Record<string, string> = {},
): { readonly ended: Promise<Ended>; hears(said: RegExp): Promise<void> } {
  const main = join(projectDir, 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, 'rebuild', ...words, '--json'], {
    env: { ...pipeline.bed.environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  const hears = async (said: RegExp): Promise<void> => {
    const heard = new Promise<void>((resolve) => {
      const look = (): void => void (said.test(stderr) && resolve());
      listeners.add(look);
      look();
    });
    await Promise.race([heard, ended.then(() => expect(stderr).toMatch(said))]);
  };
  return { ended, hears };
}

const reportOf = ({ stdout, stderr }: Ended): PartitionsReport => {
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as PartitionsReport;
};

const bedWith = (more: Record<string, string>): Bed => {
  const environment = { ...pipeline.bed.environment, ...more };
  return { ...pipeline.bed, environment, config: commonConfig(environment) };
};

async function zero(more: Record<string, string> = {}): Promise<void> {
  const bed = bedWith(more);
  await caughtUp(bed, [...folding, 'served', 'experiments', 'candidates']);
  await verified(bed);
}

async function verified({ config }: Bed): Promise<void> {
  const report = await verifyAll({ config });
  expect(report.differences, JSON.stringify(report)).toBe(0);
  expect(report.services.length).toBeGreaterThan(folding.length);
}

/** Publishes and asks, until it is told to stop. Returns how many were answered. */
function underLoad(seed: number): { stop(): Promise<number> } {
  let over = false;
  let answered = 0;
  const run = async (): Promise<number> => {
    for (let round = 0; !over; round += 1) {
      await pipeline.publish(someEvents(3, seed * 100_000 + round));
      const { answer } = await asking.ask({ user_id: `u${round % 200}` });
      expect(answer.status).toBe('ok');
      answered += 1;
    }
    return answered;
  };
  const running = run();
  return {
    stop: () => {
      over = true;
      return running;
    },
  };
}

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix, { FRESHET_PARTITIONS: '3' });
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Array.from({ length: 120 }, (_, n) => ({
      topic,
      key: `i${n}`,
      value: encode({
        item_id: `i${n}`,
        title: `Item ${n}`,
        categories: [],
        attributes: {},
        available_from: null,
        available_until: null,
      }),
    })),
  );
  await pipeline.publish(someEvents(1_000, 1));
}, 120_000);

afterAll(async () => {
  await asking?.close();
  await pipeline.close();
});

test('another partition count is filled beside the one in use, cut over to, and gone back from', async () => {
  const [old] = await Promise.all([
    pipeline.run(ofSet),
    // One of them belongs to the set: it ends, and the others answer on.
    pipeline.run(['control', 'serving', 'served', 'external', 'metrics', 'weights']),
  ]);
  await pipeline.caughtUp();
  asking = await openAsking(pipeline);
  await asking.ask({ user_id: 'u1' });

  const load = underLoad(2);
  const failpoint = { FRESHET_FAILPOINT: 'after_commit:4' };
  const killed = await rebuild(['--partitions', '5'], failpoint).ended;
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  const going = rebuild(['--partitions', '5']);
  await going.hears(/waiting for ingest, user-features.* FRESHET_PARTITIONS=5\/2/);
  const next = await pipeline.run(ofSet, second);
  const done = reportOf(await going.ended);
  expect(done.compared).toMatchObject({
    'seen-items': { share: 0 },
    'user-features': { share: 0 },
  });
  expect(done).toMatchObject({ switched: true, from: { set: 1 }, to: { set: 2 } });
  expect(done.cut?.length).toBe(4);
  await expect(old.ended).rejects.toThrow(/another set of internal topics is current.*=5\/2/);
  const { answer } = await asking.ask({ user_id: 'u1' });
  expect(await load.stop()).toBeGreaterThan(5);
  expect(answer.items.length).toBeGreaterThan(0);
  await expect
    .poll(async () => (await asking.ask({ user_id: 'u2' })).answer.judged_with, settled)
    .toMatchObject({ 'revision.topic-set': '2' });
  await zero(second);
  await expect(pipeline.run(['ingest'])).rejects.toThrow(/another set of internal topics/);

  const again = underLoad(3);
  const returning = rebuild(['--partitions', '3', '--back'], second);
  await returning.hears(/waiting for ingest, user-features.* FRESHET_PARTITIONS=3/);
  await pipeline.run(ofSet);
  const back = reportOf(await returning.ended);
  expect(back).toMatchObject({ switched: true, from: { set: 2 }, to: { set: 1 } });
  await expect(next.ended).rejects.toThrow(/another set of internal topics is current.*=3/);
  expect(await again.stop()).toBeGreaterThan(0);
  await zero();

  const dropped = await rebuild(['--drop', '--yes']).ended;
  const topic = topicName(bedWith(second).config.prefix, interactions);
  expect(dropped.stdout, dropped.stderr).toContain(topic);
  const there = async (): Promise<number> =>
    (await pipeline.bed.admin.partitionCounts([topic])).size;
  await expect.poll(there, settled).toBe(0);
  await verified(pipeline.bed);
}, 400_000);
