import type { CurrentGeneration } from './current.ts';
import { emptyHeader, formatHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import type { StateStore } from './store.ts';

/**
 * A build that begins within its log says so in every partition before anybody folds it. One in
 * which nothing was appended since would have no header else, and who looks at it (a switch, or
 * the owner after one) would take it to stand at 0. `at`: offsets per partition and input; null
 * where it begins with a record.
 */
export async function beginBuild(
  store: Pick<StateStore, 'commit'>,
  generation: CurrentGeneration,
  at: readonly (readonly number[] | null)[],
): Promise<void> {
  const keys = foldKeys(generation);
  for (const [partition, offsets] of at.entries()) {
    if (offsets === null) continue;
    const next = formatHeader({ ...emptyHeader(offsets.length), offsets });
    // Refused: it has begun before.
    await store.commit({ headerKey: keys.header(partition), expected: null, next, writes: [] });
  }
}

type OffsetsOf = readonly (readonly number[])[];

/**
 * Where a build has to say that it begins: from where it was asked for, or where a log was emptied.
 * `current`: where what it is to replace stands; null: nothing is current. What has folded nothing
 * of an emptied partition stands at 0 there, and so must its build.
 */
export const beginningsOf = (
  { from }: Pick<CurrentGeneration, 'from'>,
  { lows, highs, current }: { lows: OffsetsOf; highs: OffsetsOf; current: OffsetsOf | null },
): (readonly number[] | null)[] =>
  lows.map((own, partition) => {
    const isEmptied = own.some((low) => low > 0) && own.join() === highs[partition]?.join();
    if (isEmptied && current?.[partition]?.length === 0) return null;
    const begins = from?.[partition];
    if (begins !== undefined) return [begins];
    return isEmptied ? own : null;
  });
