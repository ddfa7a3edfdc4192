import { monotonicMs } from '../../lib/clock.ts';
import { foldsOf, storedOffsets } from '../progress.ts';
import type { FaultBed } from './row.ts';
import { until } from './waiting.ts';

/** The first folds of the flow: where they go on, everything behind them can. */
const watched = ['ingest', 'user-features'].flatMap((service) => foldsOf(service));

/** Next offset by fold, input and partition, as stored. */
const offsetsNow = (bed: FaultBed): Promise<number[][][]> =>
  Promise.all(watched.map((fold) => storedOffsets(bed, fold)));

/** Records that the first folds have folded since the log began. */
export const foldedNow = async (bed: FaultBed): Promise<number> =>
  (await offsetsNow(bed)).flat(2).reduce((sum, offset) => sum + offset, 0);

/** Seconds until every partition has folded something that it had not folded now. */
export async function secondsUntilAllGoOn(
  bed: FaultBed,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const startedMs = monotonicMs();
  const before = (await offsetsNow(bed)).flat(1);
  const wentOn = async (): Promise<boolean> => {
    const after = (await offsetsNow(bed)).flat(1);
    return before.every((own, lane) =>
      own.every((offset, partition) => (after[lane]?.[partition] ?? 0) > offset),
    );
  };
  await until(wentOn, { withinMs, what: 'every partition goes on', signal });
  return (monotonicMs() - startedMs) / 1_000;
}
