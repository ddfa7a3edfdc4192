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

/** Where a build has to say that it begins: from where it was asked for, or where a log was emptied. */
export const beginningsOf = (
  { from }: Pick<CurrentGeneration, 'from'>,
  { lows, highs }: Readonly<Record<'lows' | 'highs', readonly (readonly number[])[]>>,
): (readonly number[] | null)[] =>
  lows.map((own, partition) => {
    const begins = from?.[partition];
    if (begins !== undefined) return [begins];
    const isEmptied = own.some((low) => low > 0) && own.join() === highs[partition]?.join();
    return isEmptied ? own : null;
  });
