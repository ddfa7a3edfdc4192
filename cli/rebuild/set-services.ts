import { setTimeout as pause } from 'node:timers/promises';

import type { CommonConfig } from '../../lib/config/common.ts';
import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { RetryableError, UserError } from '../../lib/errors.ts';
import type { RunningService } from '../../lib/service.ts';
import type { TopicSet } from '../../lib/stream/topic-sets.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startService } from '../host/services.ts';

/** The settings of another set of internal topics, as FRESHET_PARTITIONS would make them. */
export const configOfSet = (config: CommonConfig, { set, partitions }: TopicSet): CommonConfig => ({
  ...config,
  prefix: prefixOfSet(config.prefix, set),
  partitions,
});

/** In the order of the flow: those that fold what is of a set. */
const ofSet = [
  'ingest',
  'user-features',
  'seen-items',
  'signals',
  'learning',
  'repartition',
  'experiments',
  'candidates',
  'weights',
];

/** Who is needed in the next set: those that have state in the current one. */
export const servicesOfSet = (inUse: ReadonlySet<string>, { set }: TopicSet): string[] =>
  ofSet.filter((service) =>
    // Whoever reads exposures beside interactions reads them through it, but in the first set.
    service === 'repartition'
      ? set > 1 && (inUse.has('experiments') || inUse.has('candidates'))
      : inUse.has(service),
  );

/**
 * What they keep is no function of the log, and may be moments older after a switch than before
 * it: lists, and the weights that these are ranked by.
 */
export const isFolded = (service: string): boolean =>
  service !== 'candidates' && service !== 'weights';

const retryMs = 500;

/** Services of a set, in this process: the same that `freshet run` starts. */
export class SetServices {
  readonly #running: RunningService[] = [];
  readonly #starting: Promise<void>[] = [];
  readonly #fatal: Error[] = [];
  readonly #begun = new Set<RunningService>();
  #stopping = false;

  constructor(config: CommonConfig, services: readonly string[]) {
    const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
    const context = {
      // What was folded once is folded again, whatever share of it failed.
      config: { ...config, failedInARowMax: Infinity, failedOf1000Max: Infinity },
      log: createLogger({ name: 'freshet', level }),
      metrics: createMetrics(),
      bootstrap: false,
      onFatal: (error: Error) => void this.#fatal.push(error),
    };
    for (const name of services) this.#starting.push(this.#start(name, context));
  }

  async #start(name: string, context: Parameters<typeof startService>[1]): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#running.push(await startService(name, context));
        return;
      } catch (error) {
        // One that reads what another emits waits for that one's first generation.
        if (!(error instanceof RetryableError)) return void this.#fatal.push(error as Error);
        await pause(retryMs);
      }
    }
  }

  /** Throws what has ended one of them. */
  refuseEnd(): void {
    const [error] = this.#fatal;
    if (error !== undefined) throw error;
    const why = this.#running.map((service) => service.ready()).find((one) => one !== null);
    if (why?.includes('stopped') === true)
      throw new UserError(`${why}: too many of its records failed (see failed-events)`);
  }

  /** Whether each has owned what it was given, now or before: a group that forms anew is no matter. */
  get begun(): boolean {
    for (const service of this.#running) if (service.ready() === null) this.#begun.add(service);
    return this.#begun.size === this.#starting.length;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#starting);
    await Promise.all(this.#running.map((service) => service.stop()));
  }
}
