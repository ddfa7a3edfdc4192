import { monotonicMs } from '../../../lib/clock.ts';
import { startReady } from '../restarting.ts';
import { FaultMissed, type FaultRow } from '../row.ts';

/** What the process allows itself, and as long again as it takes to end. */
const exitSecondsMax = 25;

export const row: FaultRow = {
  row: 8,
  title: 'each worker is told to stop while there is load',
  // A broker that is away at the same time would be a reason to answer again.
  alone: true,
  inject: async (bed, { seconds, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    const before = await bed.count();
    let stops = 0;
    let slowest = 0;
    do {
      for (const worker of bed.workers) {
        if (signal.aborted) break;
        const fromMs = monotonicMs();
        const end = await worker.stop();
        const took = (monotonicMs() - fromMs) / 1_000;
        slowest = Math.max(slowest, took);
        stops += 1;
        if (end.code !== 0) {
          throw new FaultMissed(`${worker.name} ended with ${end.code ?? end.signal}, not 0`);
        }
        if (took > exitSecondsMax) {
          throw new FaultMissed(`${worker.name} took ${took.toFixed(1)} s to stop`);
        }
        await startReady(worker, signal);
      }
    } while (monotonicMs() < endMs && !signal.aborted);
    const again = (await bed.count()).answeredAgain - before.answeredAgain;
    // What was answered was committed before the process left its group.
    if (again > 0)
      throw new FaultMissed(`${again} requests were answered again after a clean stop`);
    return {
      notes: `${stops} stops, the slowest in ${slowest.toFixed(1)} s`,
      figures: { stops, slowest_stop_s: Math.round(slowest * 10) / 10 },
    };
  },
};
