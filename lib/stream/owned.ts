import type { RetryableError } from '../errors.ts';
import { ShortLogError, type Start } from './claim.ts';
import type { PartitionWorker } from './owners.ts';

/** A partition that was assigned, until the next assignment. */
export interface Owned {
  readonly worker: PartitionWorker;
  /** One thing at a time per partition, also with several inputs. */
  turn: Promise<void>;
  claimed: boolean;
  /** Null: it goes on. Else which limit of poison it has reached, until the process ends. */
  stopped: string | null;
  /** Per input, where it was sought to; what is to be compared there is so once. */
  readonly starts: Start[];
  retries: number;
  /**
   * Looks at a log that is too short, each after its pause, since it was claimed last. Over all joins:
   * a consumer that rejoins for whatever reason would else never find out that the log was made
   * again. Those at a join do not count: after a failover they come fast.
   */
  shortLooks: number;
  /** Since it was looked at. */
  folded: boolean;
}

/** What was kept of a partition that stays is good: every read compares the header. */
export const ownedAnew = (before: Owned | undefined, newWorker: () => PartitionWorker): Owned => ({
  worker: before?.worker ?? newWorker(),
  turn: before?.turn ?? Promise.resolve(),
  claimed: false,
  stopped: before?.stopped ?? null,
  starts: [],
  retries: 0,
  shortLooks: before?.shortLooks ?? 0,
  folded: false,
});

const retryMsMax = 5_000;

/** Counts a failure; returns after how many milliseconds the partition is to be claimed again. */
export function failedOnce(owned: Owned, error: RetryableError): number {
  const isShort = error instanceof ShortLogError;
  if (isShort && owned.retries > 0) owned.shortLooks += 1;
  const pauses = isShort ? Math.max(owned.retries, owned.shortLooks) : owned.retries;
  owned.retries += 1;
  return Math.min(200 * 2 ** pauses, retryMsMax);
}

/** What an operator needs: what it is, and how it goes on. */
export const stoppedText = (service: string, partition: number, why: string): string =>
  `partition ${partition} is stopped: ${why}; stop whoever sends them (\`npx freshet failed list ` +
  `--stage ${service}\`), then start ${service} again: it goes on from there`;
