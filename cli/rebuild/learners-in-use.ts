import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { learnersOf } from '../../services/learning/learners.ts';
import { readCatalogue } from '../data/definitions.ts';
import { openProgress, type ProgressReader, serviceOf } from '../data/progress-of-services.ts';

const learning = 'learning';
const ageMsMax = 30_000;

/**
 * What learners are in use, as the service that runs them decides it. One that is not keeps its
 * pointer and its state, and nobody folds it: whoever waits for a set must not wait for that one.
 */
export class LearnersInUse {
  readonly #read: () => Promise<Pick<Catalogue, 'modelsInUse'>>;
  readonly #ageMsMax: number;
  #names: ReadonlySet<string> = new Set();
  #readMs = -Infinity;

  constructor(read: () => Promise<Pick<Catalogue, 'modelsInUse'>>, maxAgeMs = ageMsMax) {
    this.#read = read;
    this.#ageMsMax = maxAgeMs;
  }

  /** A set is filled for hours, and definitions change meanwhile. */
  async look(): Promise<this> {
    if (monotonicMs() - this.#readMs < this.#ageMsMax) return this;
    const catalogue = await this.#read();
    this.#names = new Set(learnersOf(catalogue.modelsInUse(), kinds).keys());
    this.#readMs = monotonicMs();
    return this;
  }

  /** Of a fold: whether anybody folds it. */
  has(fold: string): boolean {
    return serviceOf(fold) !== learning || this.#names.has(fold);
  }

  /** Of a service: whether there is something for it to fold. */
  needs(service: string): boolean {
    return service !== learning || this.#names.size > 0;
  }
}

export const openLearners = (config: CommonConfig): Promise<LearnersInUse> =>
  new LearnersInUse(() => readCatalogue(config)).look();

/** The same pictures without what nobody folds. */
export const progressInUse = (reader: ProgressReader, learners: LearnersInUse): ProgressReader => ({
  ...reader,
  read: async (ends) => {
    const { progress, missing } = await reader.read(ends);
    return { missing, progress: progress.filter(({ service }) => learners.has(service)) };
  },
});

export interface SetReaders {
  readonly before: ProgressReader;
  readonly after: ProgressReader;
  close(): Promise<void>;
}

/** Of the set that is current, and of the one that is to take its place. */
export async function openReaders(
  { from, to }: { readonly from: CommonConfig; readonly to: CommonConfig },
  learners: LearnersInUse,
): Promise<SetReaders> {
  const before = await openProgress(from);
  try {
    const after = await openProgress(to);
    return {
      before: progressInUse(before, learners),
      after: progressInUse(after, learners),
      close: async () => {
        await before.close();
        await after.close();
      },
    };
  } catch (error) {
    await before.close();
    throw error;
  }
}
