import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import { type Looked, lookAtRows } from '../../lib/stream/sweep-rows.ts';
import { checkLayout } from '../../schemas/packed/bytes.ts';
import { externalComputedAtMs } from '../../schemas/packed/external-candidates.ts';
import { lastServedMs, servedLayout } from '../../schemas/packed/served.ts';
import { lastSightMs, seenLayout } from '../../schemas/packed/seen-items.ts';
import {
  featuresLayout,
  lastSeenMs,
  withoutAttributes,
} from '../../schemas/packed/user-features.ts';
import { newestKeptMs } from '../../services/ingest/kept-events.ts';
import { lastOfUserMs } from '../../services/experiments/credit.ts';
import { userRows } from '../../services/experiments/user-row.ts';
import { answeredRows } from '../../services/control/answered.ts';
import type { Learner } from '../../services/learning/topology.ts';
import { newestVisitMs, recentsLayout } from '../../services/signals/recents.ts';

/** A kind of rows in one partition, and how to tell which of them may go. */
export interface Sweepable {
  readonly fold: string;
  readonly partition: number;
  readonly headerKey: string;
  /** What the keys of the rows begin with. */
  readonly prefix: string;
  look(keys: readonly string[]): Promise<Looked>;
}

/** When the newest event behind a profile occurred. Throws on another layout. */
export function newestActMs(row: Buffer): number {
  checkLayout(withoutAttributes(row), featuresLayout, 'user features');
  return lastSeenMs(row);
}

/** The same by the name of the fold that keeps the row. */
const newestOf: Readonly<Record<string, (row: Buffer) => number>> = {
  'user-features': newestActMs,
  'seen-items': (row) => {
    checkLayout(row, seenLayout, 'seen items');
    return lastSightMs(row);
  },
  signals: (row) => {
    checkLayout(row, recentsLayout, 'recent items');
    return newestVisitMs(row);
  },
  external: externalComputedAtMs,
  // Of anonymous users, where any are known to be: else it has no horizon, and nothing to sweep.
  ingest: newestKeptMs,
  control: (row) => answeredRows.decode(row).atMs,
  experiments: (row) => lastOfUserMs(userRows.decode(row)),
  served: (row) => {
    checkLayout(row, servedLayout, 'served items');
    return lastServedMs(row);
  },
};

export const foldsWithRows: readonly string[] = Object.keys(newestOf);

/** The same of a learner's rows, which say it in their own way; null: they do not. */
export function newestVisitOf({ side }: Learner): ((row: Buffer) => number) | null {
  const { lastMs, rows } = side;
  return lastMs === undefined ? null : (row) => lastMs(rows.decode(row));
}

/** The horizon is the one that the generation was folded with, whatever the settings here are. */
export function sweepableRows(
  current: CurrentGeneration,
  store: StateStore,
  lastMs: ((row: Buffer) => number) | null = newestOf[current.name] ?? null,
): Sweepable[] {
  const { name, partitions, horizonMs } = current;
  if (lastMs === null || horizonMs === undefined) return [];
  const keys = foldKeys(current);
  return Array.from({ length: partitions }, (_, partition) => {
    const headerKey = keys.header(partition);
    return {
      fold: name,
      partition,
      headerKey,
      prefix: keys.row(partition, ''),
      look: (rows) => lookAtRows({ store, headerKey, horizonMs, lastMs }, rows),
    };
  });
}
