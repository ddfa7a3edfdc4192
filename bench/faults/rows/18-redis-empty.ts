import { serviceNames } from '../../../cli/host/services.ts';
import { startServiceProcess } from '../../service-process.ts';
import { type FaultBed, FaultMissed, type FaultRow } from '../row.ts';
import { until } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

const endMsMax = 60_000;
const rebuiltMsMax = 300_000;

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
    await rebuild(bed);
    return { notes: 'rebuilt by one process with --bootstrap' };
  },
};

/** As the runbook says: once with --bootstrap, and afterwards as ever. */
async function rebuild(bed: FaultBed): Promise<void> {
  const { admin, config, environment, redis, registry, dir } = bed;
  const place = { admin, config, environment, redis, registry, dir, pids: { redis: 0, kafka: 0 } };
  const rebuilding = await startServiceProcess(
    { ...place, close: async () => undefined },
    { run: [...serviceNames, '--bootstrap'] },
  );
  try {
    await Promise.race([bed.caughtUp(rebuiltMsMax), rebuilding.ended]);
  } finally {
    await rebuilding.stop();
  }
}
