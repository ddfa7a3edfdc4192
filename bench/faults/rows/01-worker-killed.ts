import { monotonicMs } from '../../../lib/clock.ts';
import { secondsUntilAllGoOn } from '../progress-watch.ts';
import { restartAll, startReady } from '../restarting.ts';
import { FaultMissed, type FaultBed, type FaultRow, type InjectOptions } from '../row.ts';
import { pause } from '../waiting.ts';

/** An eager group waits for its dead members: killed faster than its session it never settles. */
const shortSession = { FRESHET_KAFKA_SESSION_TIMEOUT_MS: '1500' };
const deadMs = 500;
const takeoverSlackMs = 5_000;

/** Kills any worker that runs, every two to five seconds, and starts it again. */
async function storm(bed: FaultBed, options: InjectOptions): Promise<number> {
  const { seconds, random, signal } = options;
  const endMs = monotonicMs() + seconds * 1_000;
  const starting: Promise<void>[] = [];
  let kills = 0;
  while (monotonicMs() < endMs && !signal.aborted) {
    const running = bed.workers.filter((worker) => worker.running);
    if (running.length > 0) {
      const worker = random.pick(running);
      await worker.kill();
      kills += 1;
      starting.push(pause(deadMs, signal).then(() => worker.start(shortSession)));
    }
    await pause(random.whole(2_000, 5_000), signal);
  }
  await Promise.all(starting);
  return kills;
}

/** The usual session: how long nobody folds what the dead one had. */
async function takeover(bed: FaultBed, { random, signal }: InjectOptions): Promise<number> {
  const worker = random.pick(bed.workers);
  await worker.kill();
  const withinMs = 120_000;
  const seconds = await secondsUntilAllGoOn(bed, { withinMs, signal });
  await startReady(worker, signal);
  return seconds;
}

export const row: FaultRow = {
  row: 1,
  title: 'a worker is killed every 2 to 5 seconds',
  // It restarts all workers.
  alone: true,
  inject: async (bed, options) => {
    const { signal } = options;
    await restartAll(bed, shortSession, signal);
    const kills = await storm(bed, options);
    await restartAll(bed, {}, signal);
    const seconds = await takeover(bed, options);
    const allowedMs = bed.sessionMs + takeoverSlackMs;
    if (seconds * 1_000 > allowedMs) {
      throw new FaultMissed(`taken over after ${seconds.toFixed(1)} s, not ${allowedMs / 1_000}`);
    }
    return {
      notes: `${kills} kills; taken over ${seconds.toFixed(1)} s after a kill`,
      figures: { kills, takeover_s: Math.round(seconds * 10) / 10 },
    };
  },
};
