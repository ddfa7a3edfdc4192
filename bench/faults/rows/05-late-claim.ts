import { monotonicMs } from '../../../lib/clock.ts';
import { startReady } from '../restarting.ts';
import type { FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

/** Less than the deadline of a command, or the claim would be tried again instead of being late. */
const lateMs = 3_000;

export const row: FaultRow = {
  row: 5,
  title: 'a member claims its partitions late, when they are another one’s already',
  alone: true,
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    let rebalances = 0;
    do {
      const slow = random.pick(bed.workers);
      const other = random.pick(bed.workers.filter((worker) => worker !== slow));
      // Between joining and claiming lies a read from Redis: it comes after the next rebalance.
      slow.redis.delay(lateMs);
      await other.kill();
      await pause(bed.sessionMs + random.whole(0, 1_000), signal);
      await startReady(other, signal);
      rebalances += 2;
      slow.redis.heal();
      await pause(1_000, signal);
    } while (monotonicMs() < endMs && !signal.aborted);
    return { notes: `${rebalances} rebalances with late claims`, figures: { rebalances } };
  },
};
