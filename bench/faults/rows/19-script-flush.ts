import { monotonicMs } from '../../../lib/clock.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

/** Redis forgets its scripts every second: they are sent whole again, and nobody notices. */
export const row: FaultRow = {
  row: 19,
  title: 'script cache lost every second',
  inject: async (bed, { seconds, signal }) => {
    const endsAt = monotonicMs() + seconds * 1_000;
    let flushed = 0;
    while (monotonicMs() < endsAt && !signal.aborted) {
      await (await primaryOf(bed)).command('SCRIPT FLUSH');
      flushed += 1;
      await pause(1_000, signal);
    }
    const ended = bed.workers.filter(({ running }) => !running).map(({ name }) => name);
    if (ended.length > 0) throw new FaultMissed(`${ended.join(', ')} ended`);
    return { figures: { flushed } };
  },
};
