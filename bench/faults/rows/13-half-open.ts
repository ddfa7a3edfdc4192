import { monotonicMs } from '../../../lib/clock.ts';
import { secondsUntilAllGoOn } from '../progress-watch.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause, until } from '../waiting.ts';

/** Within which a member that its group does not hear says that it is not healthy. */
const unhealthyMsMax = 30_000;
const takeoverSlackMs = 15_000;

export const row: FaultRow = {
  row: 13,
  title: 'a worker and the brokers do not hear each other, and nobody is told',
  alone: true,
  inject: async (bed, { seconds, random, signal }) => {
    const worker = random.pick(bed.workers);
    const startedMs = monotonicMs();
    for (const link of worker.kafka) link.swallow('both');
    try {
      // Its session must end first, and the others agree on who has what.
      const withinMs = bed.sessionMs + takeoverSlackMs;
      const takeover = await secondsUntilAllGoOn(bed, { withinMs, signal });
      const says = async (): Promise<boolean> => (await worker.unhealthy()) !== null;
      const leftMs = unhealthyMsMax - (monotonicMs() - startedMs);
      await until(says, { withinMs: leftMs, what: 'it says that it is not healthy', signal });
      const unhealthy = (monotonicMs() - startedMs) / 1_000;
      await pause(seconds * 1_000 - (monotonicMs() - startedMs), signal);
      return {
        notes: `taken over after ${takeover.toFixed(1)} s, unhealthy after ${unhealthy.toFixed(1)} s`,
        figures: {
          takeover_s: Math.round(takeover * 10) / 10,
          unhealthy_s: Math.round(unhealthy * 10) / 10,
        },
      };
    } catch (error) {
      throw signal.aborted ? error : new FaultMissed(error instanceof Error ? error.message : '');
    } finally {
      for (const link of worker.kafka) link.heal();
    }
  },
};
