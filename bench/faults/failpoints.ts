import { monotonicMs } from '../../lib/clock.ts';
import { FaultMissed, type FaultBed, type Injected, type InjectOptions } from './row.ts';
import { startReady } from './restarting.ts';
import { pause } from './waiting.ts';

const diesMsMax = 90_000;
/** How often a process passes the place before it dies there, at most. */
const passesMax = 15;

/**
 * Starts one worker after the other so that it dies at a failpoint, and again without; each place
 * at least once, then until the time is over.
 */
export async function dieAtFailpoints(
  bed: FaultBed,
  { seconds, random, signal }: InjectOptions,
  places: readonly string[],
): Promise<Injected> {
  const endMs = monotonicMs() + seconds * 1_000;
  const died: Record<string, number> = Object.fromEntries(places.map((place) => [place, 0]));
  for (let turn = 0; turn < places.length || monotonicMs() < endMs; turn += 1) {
    if (signal.aborted) break;
    const place = places[turn % places.length] ?? '';
    const worker = random.pick(bed.workers);
    await worker.kill();
    const failpoint = `${place}:${random.whole(1, passesMax)}`;
    await worker.start({ FRESHET_FAILPOINT: failpoint });
    const end = await Promise.race([worker.ended, pause(diesMsMax, signal).then(() => null)]);
    if (signal.aborted) break;
    if (end?.signal !== 'SIGKILL') {
      throw new FaultMissed(`${worker.name} did not die at ${failpoint}: ${JSON.stringify(end)}`);
    }
    died[place] = (died[place] ?? 0) + 1;
    await startReady(worker, signal);
  }
  const notes = Object.entries(died).map(([place, times]) => `${times} times at ${place}`);
  const deaths = Object.values(died).reduce((sum, times) => sum + times, 0);
  return { notes: notes.join(', '), figures: { deaths } };
}
