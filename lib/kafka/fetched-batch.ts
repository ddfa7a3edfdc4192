import type { LogRecord } from './log-record.ts';

/** What one fetch brought of one partition. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  /** What was asked for: from here to the first record there is nothing in the log. */
  readonly from: number;
  /** Offset of the last thing fetched: after the records there may be transactions' marks. */
  readonly last: number;
  readonly records: readonly LogRecord[];
  /** Keeps the membership alive; throws RetryableError when it is gone. Call between slices. */
  heartbeat(): Promise<void>;
  /** The next fetch starts after `offset`. */
  resolve(offset: number): void;
  /** True once somebody has sought elsewhere or the consumer stops: leave the batch. */
  stale(): boolean;
}
