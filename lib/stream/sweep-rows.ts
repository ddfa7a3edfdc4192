import { newestIn } from './header.ts';
import type { StateStore } from './store.ts';

/** What came of the rows of one fold. */
export interface SweepTally {
  looked: number;
  expired: number;
  deleted: number;
  /** Expired, but their partition moved on each time before they could be deleted. */
  left: number;
  /** Of the values deleted; keys and Redis's own overhead are not in it. */
  bytes: number;
}

export const emptyTally = (): SweepTally => ({
  looked: 0,
  expired: 0,
  deleted: 0,
  left: 0,
  bytes: 0,
});

/** Rows as they stood at one header. */
export interface Looked {
  readonly header: Buffer | null;
  /** How many of the keys there were. */
  readonly rows: number;
  /** Keys that nobody may miss as long as the header stands. */
  readonly expired: readonly string[];
}

export interface Chunk {
  readonly store: Pick<StateStore, 'remove'>;
  readonly headerKey: string;
  readonly keys: readonly string[];
  readonly dryRun: boolean;
  look(keys: readonly string[]): Promise<Looked>;
}

const triesMax = 5;

/**
 * Deletes the expired ones of a chunk of rows of one partition, under the header that they were
 * judged at. Where the partition has moved on, it looks again, at half as many, since less is
 * faster: so that a busy owner is never waited for, and never made to wait.
 */
export async function sweepChunk(chunk: Chunk, tally: SweepTally): Promise<void> {
  let todo: (readonly string[])[] = [chunk.keys];
  for (let tries = 1; todo.length > 0; tries += 1) {
    const again: (readonly string[])[] = [];
    for (const keys of todo) {
      const { header, rows, expired } = await chunk.look(keys);
      if (tries === 1) tally.looked += rows;
      const removed =
        chunk.dryRun || expired.length === 0
          ? { rows: 0, bytes: 0 }
          : await chunk.store.remove({
              headerKey: chunk.headerKey,
              expected: header?.toString() ?? null,
              keys: expired,
            });
      if (removed === 'refused' && tries < triesMax) {
        again.push(...halves(expired));
        continue;
      }
      tally.expired += expired.length;
      if (removed === 'refused') tally.left += expired.length;
      else {
        tally.deleted += removed.rows;
        tally.bytes += removed.bytes;
      }
    }
    todo = again;
  }
}

/** Those that have not expired now do so later, if at all: the next sweep sees them. */
function halves(keys: readonly string[]): (readonly string[])[] {
  const middle = Math.ceil(keys.length / 2);
  return keys.length < 2 ? [keys] : [keys.slice(0, middle), keys.slice(middle)];
}

/** Looks at rows of a fold with a horizon: header and rows in one command, so of one moment. */
export async function lookAtRows(
  {
    store,
    headerKey,
    horizonMs,
    lastMs,
  }: {
    readonly store: Pick<StateStore, 'load'>;
    readonly headerKey: string;
    readonly horizonMs: number;
    readonly lastMs: (row: Buffer) => number;
  },
  keys: readonly string[],
): Promise<Looked> {
  const [header = null, ...values] = await store.load([headerKey, ...keys]);
  const newestMs = newestIn(header);
  let rows = 0;
  const expired = keys.filter((_, at) => {
    const row = values[at] ?? null;
    if (row === null) return false;
    rows += 1;
    return isPast({ horizonMs, lastMs }, row, newestMs);
  });
  return { header, rows, expired };
}

/** A row that cannot be read stays: `verify` tells of it, and it is no sweep's to judge. */
export function isPast(
  { horizonMs, lastMs }: { readonly horizonMs: number; readonly lastMs: (row: Buffer) => number },
  row: Buffer,
  newestMs: number,
): boolean {
  try {
    return lastMs(row) + horizonMs < newestMs;
  } catch {
    return false;
  }
}
