import { monotonicMs } from '../../../lib/clock.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

/** Commits are scripts: the commands whose outcome matters. */
export const isScript = (request: Buffer): boolean =>
  request.includes('evalsha') || request.includes('eval\r\n');

/** A script runs, and whoever sent it never hears of it. */
export const row: FaultRow = {
  row: 14,
  title: 'Redis lost reply',
  inject: async (bed, { seconds, random, signal }) => {
    const endsAt = monotonicMs() + seconds * 1_000;
    let lost = 0;
    while (monotonicMs() < endsAt && !signal.aborted) {
      const { redis } = random.pick(bed.workers);
      const count = redis.loseReplies({ times: random.whole(1, 4), of: isScript });
      await pause(random.whole(300, 1_500), signal);
      redis.heal();
      lost += count();
    }
    if (lost === 0 && !signal.aborted) throw new FaultMissed('no reply was lost');
    return { figures: { replies_lost: lost } };
  },
};
