import { monotonicMs } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';
import { messageOf } from '../../lib/errors.ts';
import type { ServiceContext } from '../../lib/service.ts';
import type { WarmingOptions } from './warm-partition.ts';
import { Warming } from './warming.ts';

const stopMsMax = 8_000;
/** A partition that waits for another fold, or for a broker, is not given up at once. */
const lingerMs = 10_000;

const ownedOfLate = (owns: (partition: number) => boolean): ((partition: number) => boolean) => {
  const seenMs = new Map<number, number>();
  return (partition) => {
    const atMs = monotonicMs();
    if (owns(partition)) seenMs.set(partition, atMs);
    return atMs - (seenMs.get(partition) ?? -Infinity) < lingerMs;
  };
};

/** Goes on until it is stopped; a fault that does not pass ends the service, as in a slice. */
export function startWarming(
  { log, metrics, onFatal }: Pick<ServiceContext, 'log' | 'metrics' | 'onFatal'>,
  options: Omit<WarmingOptions, 'pause' | 'clockMs' | 'counted'>,
): { stop(): Promise<void> } {
  let wake = (): void => undefined;
  let stopped = false;
  const warming = new Warming({
    ...options,
    owns: ownedOfLate(options.owns),
    clockMs: monotonicMs,
    pause: async (ms) => {
      if (stopped) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      wake = resolve;
      await promise;
      clearTimeout(timer);
    },
    counted: {
      left: (model, users) => metrics.set('freshet_candidates_warming', { model }, users),
      forget: (model) => metrics.forget('freshet_candidates_warming', { model }),
    },
  });
  const service = 'candidates';
  const done = warming
    .run((message) => log.warn({ service }, message))
    .catch((error: unknown) => {
      if (stopped) return;
      const cause = error instanceof Error ? error : new Error(messageOf(error));
      log.fatal({ service, err: cause }, cause.message);
      onFatal(cause);
    });
  return {
    stop: async () => {
      stopped = true;
      warming.stop();
      wake();
      await within(stopMsMax, done);
    },
  };
}
