import { monotonicMs } from '../../../lib/clock.ts';
import { startReady } from '../restarting.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause, until } from '../waiting.ts';

export const row: FaultRow = {
  row: 6,
  title: 'a handler blocks its process for one and a half sessions',
  alone: true,
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    const blockMs = bed.sessionMs * 1.5;
    let blocks = 0;
    do {
      const worker = random.pick(bed.workers);
      await worker.kill();
      const failpoint = `before_commit:${random.whole(5, 40)}:${blockMs}`;
      await worker.start({ FRESHET_FAILPOINT: failpoint });
      await worker.ready(signal).catch(() => undefined);
      const lag = async (): Promise<boolean> =>
        (await worker.metric('freshet_nodejs_eventloop_lag_max_seconds')) * 1_000 > blockMs / 2;
      await until(lag, { withinMs: 60_000, what: 'the metric of the event loop says so', signal });
      blocks += 1;
      if (!worker.running) throw new FaultMissed(`${worker.name} ended when it was blocked`);
      await pause(2_000, signal);
      await startReady(worker, signal);
    } while (monotonicMs() < endMs && !signal.aborted);
    return { notes: `${blocks} blocks of ${blockMs / 1_000} s`, figures: { blocks } };
  },
};
