import { monotonicMs } from '../../../lib/clock.ts';
import { caughtUp } from '../../progress.ts';
import { startServiceProcess } from '../../service-process.ts';
import { type FaultBed, FaultMissed, type FaultRow } from '../row.ts';
import { typed } from '../operator.ts';
import { until } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

const endMsMax = 60_000;

/**
 * Everything in Redis is gone while Kafka knows that there was something. Every process ends and
 * says how to go on; then one is started as it says, and what it folds is what the logs say.
 */
export const row: FaultRow = {
  row: 18,
  title: 'Redis flushed',
  verifiedDuring: false,
  alone: true,
  recoverySecondsMax: 300,
  inject: async (bed, { signal }) => {
    await (await primaryOf(bed)).command('FLUSHALL');
    for (const worker of bed.workers) {
      const what = `${worker.name} ends once its state is gone`;
      await until(() => !worker.running, { withinMs: endMsMax, what, signal });
      const { code } = await worker.ended;
      if (code !== 70 || !/state was lost.*freshet rebuild/.test(worker.log()))
        throw new FaultMissed(`${worker.name} did not say how to rebuild (code ${code})`);
    }
    const seconds = await rebuild(bed);
    return {
      notes: 'rebuilt as the runbook says',
      figures: { rebuilt_s: Math.round(seconds * 10) / 10 },
    };
  },
};

/** In the order of runbooks/redis-empty.md. */
const folds =
  'control ingest user-features seen-items signals learning external served experiments';

async function rebuild(bed: FaultBed): Promise<number> {
  const { admin, config, environment, redis, registry, dir } = bed;
  const startedMs = monotonicMs();
  await typed(environment, `rebuild ${folds}`);
  const place = { admin, config, environment, redis, registry, dir, pids: { redis: 0, kafka: 0 } };
  const own = { ...place, close: async () => undefined };
  const last = ['candidates'];
  const anew = await startServiceProcess(own, { run: [...last, '--bootstrap'] });
  try {
    // Stopped before it has stored anything it would have to be started so again.
    await Promise.race([caughtUp(own, last), anew.ended]);
    // It reads what candidates emits, which has to have a generation before.
    await typed(environment, 'rebuild weights');
  } finally {
    await anew.stop();
  }
  return (monotonicMs() - startedMs) / 1_000;
}
