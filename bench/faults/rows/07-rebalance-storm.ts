import { monotonicMs } from '../../../lib/clock.ts';
import { foldedNow } from '../progress-watch.ts';
import { startReady } from '../restarting.ts';
import { FaultMissed, type FaultBed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';

const everyMs = 3_000;
const progressMsMax = 30_000;

/** Fails where nothing was folded for too long, and says how long the longest halt was. */
class Progress {
  longestMs = 0;
  readonly #bed: FaultBed;
  #folded = -1;
  #atMs = monotonicMs();

  constructor(bed: FaultBed) {
    this.#bed = bed;
  }

  async look(): Promise<void> {
    const folded = await foldedNow(this.#bed);
    const haltMs = monotonicMs() - this.#atMs;
    this.longestMs = Math.max(this.longestMs, haltMs);
    if (folded !== this.#folded) {
      this.#folded = folded;
      this.#atMs = monotonicMs();
    } else if (haltMs > progressMsMax) {
      throw new FaultMissed(`nothing was folded for ${progressMsMax / 1_000} s`);
    }
  }
}

export const row: FaultRow = {
  row: 7,
  title: 'members come and go every 3 seconds',
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    const progress = new Progress(bed);
    const turns: Promise<unknown>[] = [];
    let changes = 0;
    while (monotonicMs() < endMs && !signal.aborted) {
      const running = bed.workers.filter((worker) => worker.running);
      const away = bed.workers.filter((worker) => !worker.running);
      const leaves = away.length === 0 || (running.length > 1 && random.next() < 0.5);
      const worker = random.pick(leaves ? running : away);
      // Leaving takes its time, and joining too: the next change comes all the same.
      turns.push((leaves ? worker.stop() : worker.start()).then(() => undefined));
      changes += 1;
      await pause(everyMs, signal);
      await progress.look();
    }
    await Promise.all(turns);
    await Promise.all(bed.workers.map((worker) => startReady(worker, signal)));
    const haltSeconds = Math.round(progress.longestMs / 100) / 10;
    return {
      notes: `${changes} changes; the longest halt was ${haltSeconds} s`,
      figures: { changes, longest_halt_s: haltSeconds },
    };
  },
};
