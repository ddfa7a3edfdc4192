import { monotonicMs } from '../../../lib/clock.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

/** Redis is killed and comes back with its append-only file; services wait, and none ends. */
export const row: FaultRow = {
  row: 15,
  title: 'Redis crash and restart from its append-only file',
  verifiedDuring: false,
  inject: async (bed, { seconds, random, signal }) => {
    const endsAt = monotonicMs() + seconds * 1_000;
    let kills = 0;
    do {
      const primary = await primaryOf(bed);
      await primary.kill();
      kills += 1;
      await pause(random.whole(500, 4_000), signal);
      await primary.restart();
      await pause(random.whole(3_000, 6_000), signal);
    } while (monotonicMs() < endsAt && !signal.aborted);
    const ended = bed.workers.filter(({ running }) => !running).map(({ name }) => name);
    if (ended.length > 0) throw new FaultMissed(`${ended.join(', ')} ended instead of waiting`);
    return { figures: { kills } };
  },
};
