import { createHash } from 'node:crypto';
import { z } from 'zod';

import type { ItemTable } from './item-table.ts';
import type { Candidate } from './model.ts';

/** Steps over a list that is already made: a part of a model, to be compared like any other. */
export const diversitySchema = z.strictObject({
  /** Items of one category among the first `places`; those above come after these. */
  perCategoryMax: z.number().int().min(1).max(1_000).nullable().default(null),
  /** Weight of the score against likeness to what is above; null: by score alone. */
  relevance: z.number().min(0).max(1).nullable().default(null),
  places: z.number().int().min(1).max(200).default(20),
});
export type Diversity = z.infer<typeof diversitySchema>;

export const explorationSchema = z.strictObject({
  /** Chance of each of the first `places` to go to one of the other candidates. */
  share: z.number().min(0).max(0.5).default(0),
  places: z.number().int().min(1).max(200).default(20),
});
export type Exploration = z.infer<typeof explorationSchema>;

/**
 * The first places filled one by one: by maximal marginal relevance (Carbonell, Goldstein, SIGIR
 * 1998), likeness being the share of categories that two items have in common, and never more of one
 * category than is allowed. Whatever was passed by follows in its order.
 */
export function diversified(
  candidates: readonly Candidate[],
  items: ItemTable | null,
  { perCategoryMax, relevance, places }: Diversity,
): readonly Candidate[] {
  if (items === null || (perCategoryMax === null && relevance === null)) return candidates;
  const left = candidates.map((candidate) => ({
    candidate,
    categories: items.categoriesOf(candidate.itemId),
    likeness: 0,
  }));
  const chosen: Candidate[] = [];
  const used = new Map<string, number>();
  const weight = relevance ?? 1;
  const best = candidates[0]?.score ?? 1;
  while (chosen.length < places) {
    let pick = -1;
    let highest = Number.NEGATIVE_INFINITY;
    for (const [at, { candidate, categories, likeness }] of left.entries()) {
      const full = categories.some((name) => (used.get(name) ?? 0) >= (perCategoryMax ?? Infinity));
      const worth = (weight * candidate.score) / best - (1 - weight) * likeness;
      if (full || worth <= highest) continue;
      pick = at;
      highest = worth;
    }
    const [taken] = pick < 0 ? [] : left.splice(pick, 1);
    if (taken === undefined) break;
    chosen.push(taken.candidate);
    for (const name of taken.categories) used.set(name, (used.get(name) ?? 0) + 1);
    for (const one of left)
      one.likeness = Math.max(one.likeness, likenessOf(one.categories, taken.categories));
  }
  return [...chosen, ...left.map(({ candidate }) => candidate)];
}

const likenessOf = (a: readonly string[], b: readonly string[]): number => {
  if (a.length === 0 || b.length === 0) return 0;
  const common = a.filter((name) => b.includes(name)).length;
  return common / (a.length + b.length - common);
};

/**
 * Each of the first places goes, with chance `share`, to one of the candidates behind them, all of
 * these alike. Every item of these places says with what chance it came there: what a later
 * evaluation divides by. The same seed draws the same.
 */
export function explored(
  candidates: readonly Candidate[],
  seed: string,
  { share, places }: Exploration,
): readonly Candidate[] {
  const behind = candidates.slice(places);
  if (share === 0 || behind.length === 0) return candidates;
  const draw = drawer(seed);
  const list: Candidate[] = [];
  for (const candidate of candidates.slice(0, places)) {
    const isExplored = draw() < share && behind.length > 0;
    if (!isExplored) {
      list.push({ ...candidate, propensity: 1 - share });
      continue;
    }
    const chance = share / behind.length;
    const at = Math.floor(draw() * behind.length);
    const drawn = behind[at] as Candidate;
    // What was in its place goes behind with the others.
    behind[at] = candidate;
    list.push({ ...drawn, propensity: chance });
  }
  return [...list, ...behind];
}

/** Numbers from 0 up to 1. */
const drawer = (seed: string): (() => number) => {
  let count = 0;
  return () => {
    const digest = createHash('sha256').update(`${seed} ${count++}`).digest();
    return digest.readUInt32LE(0) / 2 ** 32;
  };
};
