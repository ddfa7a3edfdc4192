import { monotonicMs } from '../../../lib/clock.ts';
import { within } from '../../../lib/deadline.ts';
import { startReady } from '../restarting.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

const exitSecondsMax = 25;

export const row: FaultRow = {
  row: 9,
  title: 'a worker is told to stop while no broker answers',
  verifiedDuring: false,
  alone: true,
  inject: async (bed, { random, signal }) => {
    const worker = random.pick(bed.workers);
    for (const broker of bed.brokers) broker.freeze();
    let took = 0;
    try {
      await pause(2_000, signal);
      const fromMs = monotonicMs();
      const end = await within(exitSecondsMax * 1_000, worker.stop());
      took = (monotonicMs() - fromMs) / 1_000;
      if (end === 'late') throw new FaultMissed(`${worker.name} hangs for ${exitSecondsMax} s`);
      if (end.code !== 0) {
        throw new FaultMissed(`${worker.name} ended with ${end.code ?? end.signal}, not 0`);
      }
    } finally {
      for (const broker of bed.brokers) broker.goOn();
      if (took === 0) await worker.kill();
    }
    await startReady(worker, signal);
    return {
      notes: `ended after ${took.toFixed(1)} s`,
      figures: { stop_s: Math.round(took * 10) / 10 },
    };
  },
};
