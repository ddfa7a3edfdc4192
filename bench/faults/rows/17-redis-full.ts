import { failedEvents } from '../../../topics/failed-events.ts';
import { topicName } from '../../../topics/topic.ts';
import { type FaultBed, FaultMissed, type FaultRow, type InjectOptions } from '../row.ts';
import { pause, until } from '../waiting.ts';
import { infoOf, primaryOf } from '../redis-roles.ts';

const refusedMsMax = 30_000;

/** Redis takes no more writes: partitions wait, good events are not thrown out, and it goes on. */
export const row: FaultRow = {
  row: 17,
  title: 'Redis full, and one that would evict',
  alone: true,
  inject: async (bed, options) => {
    const primary = await primaryOf(bed);
    const failedBefore = await failedCount(bed);
    const retriedBefore = await retried(bed);
    const used = await infoOf(primary, 'memory', 'used_memory');
    await primary.command(`CONFIG SET maxmemory ${Math.floor(used * 0.8)}`);
    await pause(options.seconds * 1_000, options.signal);
    const waits = (await retried(bed)) - retriedBefore;
    await primary.command('CONFIG SET maxmemory 0');
    if (waits <= 0) throw new FaultMissed('no partition waited for room');
    const ended = bed.workers.filter(({ running }) => !running).map(({ name }) => name);
    if (ended.length > 0) throw new FaultMissed(`${ended.join(', ')} ended instead of waiting`);
    await refusesEviction(bed, options);
    const failed = (await failedCount(bed)) - failedBefore;
    if (failed > 0) throw new FaultMissed(`${failed} good events were set aside`);
    return { figures: { slices_retried: waits } };
  },
};

const retried = async (bed: FaultBed): Promise<number> => {
  let sum = 0;
  for (const worker of bed.workers)
    sum += await worker.metric('freshet_slices_total', 'result="retried"');
  return sum;
};

async function failedCount({ admin, config }: FaultBed): Promise<number> {
  const ends = await admin.topicOffsets(topicName(config.prefix, failedEvents));
  return ends.reduce((sum, { high }) => sum + high, 0);
}

/** A policy that evicts is refused at the start; who runs already is not asked again. */
async function refusesEviction(bed: FaultBed, { random, signal }: InjectOptions): Promise<void> {
  const primary = await primaryOf(bed);
  const worker = random.pick(bed.workers);
  await worker.stop();
  await primary.command('CONFIG SET maxmemory-policy allkeys-lru');
  try {
    await worker.start();
    await until(() => !worker.running, {
      withinMs: refusedMsMax,
      what: 'a start on a Redis that evicts ends',
      signal,
    });
    const { code } = await worker.ended;
    if (code !== 70 || !worker.log().includes('evicts keys'))
      throw new FaultMissed(`a Redis that evicts was not refused (code ${code})`);
  } finally {
    await primary.command('CONFIG SET maxmemory-policy noeviction');
  }
  await worker.start();
  await worker.ready(signal);
}
