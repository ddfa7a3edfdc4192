import type { Command } from 'commander';

import { now } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { openProgress, type Progress } from '../data/progress-of-services.ts';
import { recordTimes, spotName } from '../data/record-times.ts';
import { textTable } from '../data/text-table.ts';
import { print } from '../output.ts';

export function registerLagCommand(program: Command): void {
  program
    .command('lag')
    .description('show how far each service is behind, in messages and seconds, per partition')
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      `
Seconds are the age of the oldest record that the service has not dealt with. Services with state
count from the offset that lies with the state in Redis, the others from their group's.`,
    )
    .action(lag);
}

const timesMsMax = 15_000;

interface Lag extends Progress {
  /** Null: the record could not be read in time. */
  readonly seconds: number | null;
}

async function lag({ json }: { readonly json?: boolean }): Promise<void> {
  const config = commonConfig();
  const reader = await openProgress(config);
  const { progress, missing } = await reader.read();
  await reader.close();
  await sayOtherSet(config);
  const behind = progress.filter((row) => row.lag > 0);
  const spots = behind.map(({ topic, partition, next }) => ({ topic, partition, offset: next }));
  const times = await recordTimes(config, spots, timesMsMax);
  const nowMs = now();
  const lags = progress.map((row): Lag => ({ ...row, seconds: secondsOf(row, times, nowMs) }));
  print(
    { json: json === true },
    { lag: lags, not_started: missing, messages: behind.reduce((sum, row) => sum + row.lag, 0) },
    text(lags, missing),
  );
}

/** The rows of a set that nobody folds any more are all caught up. */
async function sayOtherSet(config: CommonConfig): Promise<void> {
  const redis = await openRedis(config.redis);
  try {
    const otherSet = await notCurrentSet(redis, config);
    if (otherSet !== null) console.error(`freshet: ${otherSet}`);
  } finally {
    await redis.close();
  }
}

function secondsOf(
  row: Progress,
  times: ReadonlyMap<string, number>,
  nowMs: number,
): number | null {
  if (row.lag === 0) return 0;
  const atMs = times.get(spotName({ ...row, offset: row.next }));
  return atMs === undefined ? null : Math.max(0, Math.round((nowMs - atMs) / 100) / 10);
}

function text(lags: readonly Lag[], missing: readonly string[]): string {
  const rows = lags.map(({ service, topic, partition, next, end, lag: messages, seconds }) => [
    service,
    topic,
    partition,
    next,
    end,
    messages,
    seconds ?? '?',
  ]);
  const head = ['service', 'topic', 'partition', 'next', 'end', 'messages', 'seconds'];
  const said = missing.map((service) => `${service} was never started: npx freshet run ${service}`);
  return [textTable(head, rows), ...said].join('\n');
}
