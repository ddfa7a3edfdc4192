import { monotonicMs } from '../../../lib/clock.ts';
import { blockedBeforeCommit } from '../blocking.ts';
import { startReady } from '../restarting.ts';
import { type BedWorker, type FaultBed, FaultMissed, type FaultRow } from '../row.ts';
import type { InjectOptions } from '../row.ts';
import { pause } from '../waiting.ts';

/** Slices that the compare-and-set refused, or that were read at an offset that had moved. */
const overtaken = async (worker: BedWorker): Promise<number> => {
  let sum = 0;
  for (const result of ['refused', 'restarted'])
    sum += await worker.metric('freshet_slices_total', `result="${result}"`).catch(() => 0);
  return sum;
};

const overtakenBy = async (workers: readonly BedWorker[]): Promise<Map<number, number>> => {
  const counts = new Map<number, number>();
  for (const worker of workers) counts.set(worker.pid, await overtaken(worker));
  return counts;
};

export const row: FaultRow = {
  row: 4,
  title: 'a worker is frozen for two sessions and wakes as a zombie',
  inject: async (bed, options) => {
    const { seconds, random, signal, alone } = options;
    const endMs = monotonicMs() + seconds * 1_000;
    const before = await overtakenBy(bed.workers);
    let freezes = 0;
    do {
      const running = bed.workers.filter((one) => one.running);
      if (running.length === 0) break;
      const worker = random.pick(running);
      worker.freeze();
      freezes += 1;
      await pause(bed.sessionMs * 2, signal);
      worker.goOn();
      await pause(random.whole(1_000, 3_000), signal);
    } while (monotonicMs() < endMs && !signal.aborted);
    let slices = 0;
    // A process that another row has started since counts from nothing; one that is gone says nothing.
    for (const [pid, count] of await overtakenBy(bed.workers))
      slices += Math.max(0, count - (before.get(pid) ?? 0));
    const refused = alone ? await withSliceInHand(bed, options) : 0;
    return {
      notes: `${freezes} freezes; ${slices + refused} slices were found overtaken`,
      figures: { freezes, overtaken_slices: slices, refused_slices: refused },
    };
  },
};

/** It sleeps just before it stores: what it has folded must be refused when it wakes. */
async function withSliceInHand(bed: FaultBed, options: InjectOptions): Promise<number> {
  const { random, signal } = options;
  const worker = random.pick(bed.workers);
  await blockedBeforeCommit(worker, bed.sessionMs * 2, options);
  const refused = await overtaken(worker);
  if (refused === 0 && !signal.aborted)
    throw new FaultMissed('what a zombie had folded was not refused');
  await startReady(worker, signal);
  return refused;
}
