import { monotonicMs } from '../../../lib/clock.ts';
import { blockedBeforeCommit } from '../blocking.ts';
import { startReady } from '../restarting.ts';
import type { FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

export const row: FaultRow = {
  row: 6,
  title: 'a handler blocks its process for one and a half sessions',
  alone: true,
  inject: async (bed, options) => {
    const { seconds, random, signal } = options;
    const endMs = monotonicMs() + seconds * 1_000;
    const blockMs = bed.sessionMs * 1.5;
    let blocks = 0;
    do {
      const worker = random.pick(bed.workers);
      await blockedBeforeCommit(worker, blockMs, options);
      blocks += 1;
      await pause(2_000, signal);
      await startReady(worker, signal);
    } while (monotonicMs() < endMs && !signal.aborted);
    return { notes: `${blocks} blocks of ${blockMs / 1_000} s`, figures: { blocks } };
  },
};
