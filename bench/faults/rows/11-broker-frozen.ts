import type { FaultBed, FaultRow } from '../row.ts';
import { FaultMissed } from '../row.ts';
import { pause } from '../waiting.ts';

const shortMs = 15_000;
const longMs = 45_000;
/** Over what a worker had before: batches wait in it for brokers, and their number is bounded. */
const growthMbMax = 120;

const memory = (bed: FaultBed): number =>
  Math.max(...bed.workers.map((worker) => worker.residentMb() ?? 0));

export const row: FaultRow = {
  row: 11,
  title: 'a broker is frozen',
  inject: async (bed, { seconds, random, signal }) => {
    const before = memory(bed);
    const freezes = seconds * 1_000 < shortMs + longMs ? [shortMs] : [shortMs, longMs];
    for (const ms of freezes) {
      const broker = random.pick(bed.brokers);
      broker.freeze();
      await pause(ms, signal);
      broker.goOn();
      await pause(3_000, signal);
    }
    const after = memory(bed);
    if (after - before > growthMbMax) {
      throw new FaultMissed(`a worker grew from ${before} to ${after} MB`);
    }
    return {
      notes: `frozen for ${freezes.map((ms) => `${ms / 1_000} s`).join(' and ')}`,
      figures: { memory_before_mb: before, memory_after_mb: after },
    };
  },
};
