import type { ItemTable } from '../../models/item-table.ts';
import type { Candidate } from '../../models/model.ts';
import { decodeCandidatesHead, StoredCandidates } from '../../schemas/packed/candidates.ts';
import type { Candidates } from './answer.ts';

/** A user's stored list. The items are read only where an answer looks at them. */
export interface StoredList {
  /** Offset of interactions up to which the profile behind it was folded. */
  readonly profileOffset: number;
  readonly newestAtMs: number;
  readonly computedAtMs: number;
  candidates(): Candidates & Pick<StoredCandidates, 'all'>;
}

/** Null: no list was made for this user and model. */
export const readList = (bytes: Buffer | null): StoredList | null =>
  bytes === null
    ? null
    : {
        ...decodeCandidatesHead(bytes),
        candidates: once(() => new StoredCandidates(bytes)),
      };

/** Decoded when first asked for: most steps of a ladder are never looked at. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
};

/** Without the chances of exploration: they are of places in the whole list. */
export const ofCategory = (
  list: readonly Candidate[],
  category: string,
  items: Pick<ItemTable, 'inCategory'>,
): readonly Candidate[] =>
  list.flatMap(({ itemId, score }) =>
    items.inCategory(itemId, category) ? [{ itemId, score }] : [],
  );
