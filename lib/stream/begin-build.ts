import type { CurrentGeneration } from './current.ts';
import { emptyHeader, formatHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import type { StateStore } from './store.ts';

/**
 * A build that begins within its log says so in every partition before anybody folds it. One in
 * which nothing was appended since would have no header else, and who looks at it (a switch, or
 * the owner after one) would take it to stand where the log begins.
 */
export async function beginBuild(
  store: Pick<StateStore, 'commit'>,
  generation: CurrentGeneration,
): Promise<void> {
  const keys = foldKeys(generation);
  for (const [partition, from] of (generation.from ?? []).entries()) {
    const next = formatHeader({ ...emptyHeader(1), offsets: [from] });
    // Refused: it has begun before.
    await store.commit({ headerKey: keys.header(partition), expected: null, next, writes: [] });
  }
}
