import type { Candidate, Explained, Profile, Proposal } from '../model.ts';
import type { Extras } from './extras.ts';
import { placesById, ranked } from './best-first.ts';
import { ownSources, ownSourceScores } from './features.ts';
import type { BlendList } from './list.ts';
import { pairSources, singles } from './sources.ts';

/** What each source gave the candidates, and which of the user's items did most for each. */
export function explain(
  list: BlendList,
  candidates: readonly Candidate[],
  given: { readonly profile: Profile; readonly extras: Extras },
): readonly Explained[] {
  const { profile, extras } = given;
  const { members, sums, extraScores } = list;
  const scores = [...sums.bySource, ...ownSourceScores({ profile, members }), ...extraScores];
  const names = [...pairSources, ...ownSources, ...extras.names];
  const byId = placesById(members);
  const ranks = scores.map((of) => rankByPlace(of, byId));
  const places = new Map(members.map(({ itemId }, place) => [itemId, place]));
  return candidates.map((candidate) => {
    const place = places.get(candidate.itemId) as number;
    const proposals = names.flatMap((source, at): Proposal[] => {
      const score = scores[at]?.[place] ?? 0;
      return score > 0 ? [{ source, score, rank: ranks[at]?.get(place) ?? 0 }] : [];
    });
    for (const [rung, rank] of (list.ladder.ranksOf.get(candidate.itemId) ?? []).entries())
      if (rank > 0) proposals.push({ source: `popular-${rung}`, score: 1 / rank, rank });
    return { ...candidate, proposals, because: becauseOf(list, place, profile) };
  });
}

const rankByPlace = (scores: Float64Array, byId: Int32Array): Map<number, number> =>
  new Map(Array.from(ranked(scores, byId), (place, index) => [place, index + 1]));

/** The recent item with the largest near-cosine to it. */
const becauseOf = ({ sums }: BlendList, place: number, { recents }: Profile): string | null => {
  let best = 0;
  let because: string | null = null;
  for (let single = 0; single < singles; single++) {
    const near = sums.near[place * singles + single] as number;
    if (near <= best) continue;
    best = near;
    because = recents[single]?.itemId ?? null;
  }
  return because;
};
