import type { Candidate, ModelKind, PersonalRetrieval, Profile, World } from './model.ts';

/** Retrieval from the profile and what is known of items alone. */
export interface NoSource {
  readonly needsItems: boolean;
  /** Best first, at most the configured depth. */
  rank(profile: Profile, world: World): readonly Candidate[];
  /** The user's own item that did most for a listed one. */
  because(profile: Profile, world: World): (itemId: string) => string | null;
}

/** Nothing is read of what was learned. */
export const noSource = (kind: string, from: NoSource): PersonalRetrieval => ({
  shared: false,
  sources: [],
  needsItems: from.needsItems,
  trainer: null,
  wants: () => [],
  figures: () => [],
  rank: (profile, _, world) => from.rank(profile, world),
  explain(profile, _, world) {
    const because = from.because(profile, world);
    return from.rank(profile, world).map(({ itemId, score }, index) => ({
      itemId,
      score,
      proposals: [{ source: kind, score, rank: index + 1 }],
      because: because(itemId),
    }));
  },
});

/** The sides of a kind that only retrieves. */
export const learnsNothing = (
  kind: string,
): Pick<ModelKind<unknown, unknown>, 'userSide' | 'itemSide' | 'weights'> => ({
  userSide: null,
  itemSide: () => {
    throw new Error(`${kind} learns nothing of items`);
  },
  weights: null,
});
