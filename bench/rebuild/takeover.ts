import { startService } from '../../cli/host/services.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import type { Bed } from '../bed.ts';
import { caughtUp } from '../progress.ts';
import { publishEvents } from '../publish.ts';
import { startServiceProcess } from '../service-process.ts';
import { round } from '../stages.ts';

export interface TakeoverResult {
  readonly takeover_users: number;
  /** From asking a service to start, in a process that runs, until its partitions are claimed. */
  readonly takeover_ready_ms: number;
  /** What Redis sent meanwhile, to whomever. */
  readonly takeover_redis_bytes: number;
  /** The same beforehand, when there was no state. */
  readonly takeover_empty_ready_ms: number;
  readonly takeover_empty_redis_bytes: number;
}

const service = 'user-features';
const pollMs = 2;

/** So many users of one partition. */
const usersOf = (count: number, partitions: number): string[] => {
  const users: string[] = [];
  for (let n = 0; users.length < count; n += 1)
    if (partitionOf(`taken${n}`, partitions) === 0) users.push(`taken${n}`);
  return users;
};

/** How long a partition's new owner takes with state in it, and without. */
export async function measureTakeover(
  bed: Bed,
  { users, say }: { readonly users: number; readonly say: (line: string) => void },
): Promise<TakeoverResult> {
  const ingest = await startServiceProcess(bed, { run: ['ingest'] });
  try {
    await takeOver(bed);
    const empty = await takeOver(bed);
    say(`publishing an event of each of ${users.toLocaleString('en')} users of one partition`);
    const ids = usersOf(users, bed.config.partitions);
    await publishEvents(
      bed,
      ids.map((userId, n) =>
        plainEvent({
          eventId: `t${n}`,
          userId,
          itemId: `i${n % 1_000}`,
          type: 'view',
          atMs: now(),
        }),
      ),
    );
    const owner = await startServiceProcess(bed, { run: [service] });
    try {
      await caughtUp(bed, ['ingest', service]);
    } finally {
      await owner.stop();
    }
    const full = await takeOver(bed);
    return {
      takeover_users: users,
      takeover_ready_ms: full.readyMs,
      takeover_redis_bytes: full.bytes,
      takeover_empty_ready_ms: empty.readyMs,
      takeover_empty_redis_bytes: empty.bytes,
    };
  } finally {
    await ingest.stop();
  }
}

async function takeOver(bed: Bed): Promise<{ readyMs: number; bytes: number }> {
  const fatal: Error[] = [];
  const before = await sentBytes(bed);
  const startedMs = monotonicMs();
  const running = await startService(service, {
    config: bed.config,
    log: createLogger({ name: 'freshet', level: 'warn' }),
    metrics: createMetrics({ processMetrics: false }),
    bootstrap: false,
    onFatal: (error) => void fatal.push(error),
  });
  try {
    while (running.ready() !== null) {
      if (fatal[0] !== undefined) throw fatal[0];
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    const readyMs = round(monotonicMs() - startedMs);
    return { readyMs, bytes: (await sentBytes(bed)) - before };
  } finally {
    await running.stop();
  }
}

const sentBytes = async ({ redis }: Bed): Promise<number> =>
  Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1] ?? 0);
