import { monotonicMs } from '../../../lib/clock.ts';
import type { FaultBed, FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

/** Slices that the compare-and-set refused, or that were read at an offset that had moved. */
const overtaken = async (bed: FaultBed): Promise<number> => {
  let sum = 0;
  for (const worker of bed.workers) {
    for (const result of ['refused', 'restarted'])
      sum += await worker.metric('freshet_slices_total', `result="${result}"`).catch(() => 0);
  }
  return sum;
};

export const row: FaultRow = {
  row: 4,
  title: 'a worker is frozen for two sessions and wakes as a zombie',
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    const before = await overtaken(bed);
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
    const slices = (await overtaken(bed)) - before;
    return {
      notes: `${freezes} freezes; ${slices} slices were found overtaken`,
      figures: { freezes, overtaken_slices: slices },
    };
  },
};
