import { FaultMissed, type BedWorker, type InjectOptions } from './row.ts';
import { until } from './waiting.ts';

const blockedMsMax = 60_000;

/**
 * Starts a worker so that it stands still for so long with a slice in its hands, just before it
 * stores it; resolves when it has woken, and its metric says how long its event loop stood.
 */
export async function blockedBeforeCommit(
  worker: BedWorker,
  blockMs: number,
  { random, signal }: Pick<InjectOptions, 'random' | 'signal'>,
): Promise<void> {
  await worker.kill();
  await worker.start({ FRESHET_FAILPOINT: `before_commit:${random.whole(5, 40)}:${blockMs}` });
  await worker.ready(signal).catch(() => undefined);
  const saysSo = async (): Promise<boolean> =>
    (await worker.metric('freshet_nodejs_eventloop_lag_max_seconds')) * 1_000 > blockMs / 2;
  const what = 'the metric of the event loop says that it stood still';
  await until(saysSo, { withinMs: blockedMsMax, what, signal });
  if (!worker.running) throw new FaultMissed(`${worker.name} ended when it was blocked`);
}
