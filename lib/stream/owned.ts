import type { Start } from './claim.ts';
import type { PartitionWorker } from './owners.ts';

/** A partition that was assigned, until the next assignment. */
export interface Owned {
  readonly worker: PartitionWorker;
  /** One thing at a time per partition, also with several inputs. */
  turn: Promise<void>;
  claimed: boolean;
  stopped: boolean;
  /** Per input, where it was sought to; what is to be compared there is so once. */
  readonly starts: Start[];
  retries: number;
  /** Since it was looked at. */
  folded: boolean;
}

/** What was kept of a partition that stays is good: every read compares the header. */
export const ownedAnew = (before: Owned | undefined, newWorker: () => PartitionWorker): Owned => ({
  worker: before?.worker ?? newWorker(),
  turn: before?.turn ?? Promise.resolve(),
  claimed: false,
  stopped: before?.stopped ?? false,
  starts: [],
  retries: 0,
  folded: false,
});
