import { monotonicMs } from '../../../lib/clock.ts';
import type { FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

const downMs = 20_000;

export const row: FaultRow = {
  row: 10,
  title: 'a broker is killed and started again',
  recoverySecondsMax: 30,
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    let kills = 0;
    do {
      // One at a time: with two of three away nothing can be acknowledged.
      const broker = random.pick(bed.brokers);
      await broker.kill();
      kills += 1;
      await pause(Math.min(downMs, (seconds * 1_000) / 2), signal);
      await broker.restart();
      await pause(2_000, signal);
    } while (monotonicMs() < endMs && !signal.aborted);
    return { notes: `${kills} kills`, figures: { kills } };
  },
};
