import type { PersonalRetrieval } from '../../models/model.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';

/** Features of a user who did one thing: see schemas/packed/user-features.ts. */
export function profileBytes(itemId: string, atMs: number): Buffer {
  const bytes = Buffer.alloc(29 + itemId.length);
  bytes[0] = 2;
  bytes.writeUIntLE(atMs, 5, 6);
  bytes.writeUInt32LE(atMs / 1000, 18);
  bytes[23] = itemId.length;
  bytes[24] = 1;
  bytes.writeUInt32LE(atMs / 1000, 25);
  bytes.write(itemId, 29);
  return bytes;
}

/** What a toy example says: the newest item that the list knew, and what had been learned then. */
export interface ToyOpen {
  readonly user: string;
  readonly recent: string;
  readonly learned: number;
  /** The newest interaction among what the user had seen. */
  readonly had: number;
  readonly weights: string | null;
}
export interface ToyExample extends ToyOpen {
  readonly next: string;
  readonly seed: number;
}

/** Items are named for the offsets of their interactions. */
const offsets = Array.from({ length: 130 }, (_, offset) => offset);

/**
 * Ranks nothing, and logs what it was given; users that begin with 'un' are not logged, and where
 * few are, those that begin with 'al' alone.
 */
export const toyRetrieval = (name: string): PersonalRetrieval => ({
  shared: false,
  sources: [{ kind: 'toy', learning: {}, headBytes: 1, rankings: false }],
  needsItems: false,
  trainer: {
    name,
    logs: (userId, _, few = false) => !userId.startsWith('un') && (!few || userId.startsWith('al')),
    note: ({ userId, recents, had }, [learned], { weights }) => ({
      candidates: [{ itemId: 'noted', score: 1 }],
      open: Buffer.from(
        JSON.stringify({
          user: userId,
          recent: recents[0]?.itemId ?? '',
          learned: Number(learned?.rows.get('learned')?.toString() ?? -1),
          had: offsets.findLast((offset) => had?.().includes(`i${offset}`)) ?? -1,
          weights: weights?.toString() ?? null,
        } satisfies ToyOpen),
      ),
    }),
    close: (open, { itemId }, seed) =>
      itemId.startsWith('outside')
        ? null
        : Buffer.from(
            JSON.stringify({ ...JSON.parse(open.toString()), next: itemId, seed } as ToyExample),
          ),
  },
  wants: () => [['learned']],
  figures: () => [[]],
  rank: () => [{ itemId: 'ranked', score: 1 }],
  explain: null,
});
export const toyModel = (listPrefix: string, weights = 'toy-weights'): PersonalModel => ({
  kind: 'personal',
  modelKind: 'toy',
  version: `toy@${listPrefix}`,
  learned: ['learning:toy'],
  ageMsMax: 1_000,
  retrieval: toyRetrieval(weights),
  listPrefix,
});

export const toyOf = ({ example }: { readonly example: Buffer }): ToyExample =>
  JSON.parse(example.toString()) as ToyExample;
