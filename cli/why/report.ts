import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import type { KnownItems } from './items.ts';
import type { Judged } from './ladder.ts';
import type { Recomputed, StepNow } from './recompute.ts';
import type { Stated } from './stated.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** How many of the first items of a stored list are looked for in the recomputed one. */
export const comparedMax = 20;

export type WhyReport = ReturnType<typeof reportOf>;

/** All of it, as `--json` says it and the text is made of. */
export function reportOf(given: {
  readonly stated: Stated | null;
  readonly request: Request;
  readonly made: Recomputed;
  readonly items: KnownItems;
}) {
  const { stated, request, made, items } = given;
  const { answered } = made.ladder;
  const title = (itemId: string): string | null => items.titles.get(itemId) ?? null;
  return {
    /** What was stated when the answer was given; null: asked by user and context. */
    stated: stated === null ? null : statedOf(stated.answer, title),
    request_known: stated === null || stated.request !== null,
    request,
    recomputed_at: iso(made.atMs),
    context_version: made.context.version,
    profile: profileOf(made, title),
    steps: made.steps.map((step, index) => stepOf(step, made.ladder.steps[index] ?? [], title)),
    answered_by: made.steps[answered.step]?.step ?? 'none',
    items: answered.items.map(({ itemId, score, step }) => ({
      item_id: itemId,
      title: title(itemId),
      score,
      step: made.steps[step]?.step ?? '',
      because: becauseIn(made, step, itemId, title),
    })),
    /** Until the answer was full, as an answer counts. */
    removed: answered.removed,
    ages: agesOf(made, items),
  };
}

type Title = (itemId: string) => string | null;

const statedOf = (answer: Recommendation, title: Title) => ({
  ...answer,
  items: answer.items.map((item) => ({ ...item, title: title(item.item_id) })),
});

const profileOf = ({ isKnown, user }: Recomputed, title: Title) => ({
  user_id: user.profile.userId,
  is_known: isKnown,
  newest_interaction_at: iso(user.newestAtMs),
  profile_offset: user.profileOffset,
  seen_offset: user.seenOffset,
  seen_items: user.seen.size,
  recent_items: user.profile.recents.map(({ itemId, atMs, type, visits }) => ({
    item_id: itemId,
    title: title(itemId),
    at: iso(atMs),
    type,
    visits,
  })),
});

const stepOf = (step: StepNow, candidates: readonly Judged[], title: Title) => ({
  step: step.step,
  model: step.model,
  kind: step.kind,
  category: step.category,
  /** Whether anything was learned of its model yet. */
  is_learned: step.list !== null,
  stored: storedOf(step),
  candidates: candidates.map((one) => ({
    item_id: one.itemId,
    title: title(one.itemId),
    score: one.score,
    because: one.because === null ? null : { item_id: one.because, title: title(one.because) },
    proposals: one.proposals,
    removed_by: one.removedBy,
    place: one.place,
  })),
});

function storedOf({ stored, list }: StepNow) {
  if (stored === null) return null;
  const first = stored.candidates().slice(0, comparedMax);
  const again = new Set((list ?? []).slice(0, comparedMax).map(({ itemId }) => itemId));
  return {
    computed_at: iso(stored.computedAtMs),
    newest_interaction_at: iso(stored.newestAtMs),
    profile_offset: stored.profileOffset,
    items: stored.candidates().length,
    compared: first.length,
    same_as_recomputed: first.filter(({ itemId }) => again.has(itemId)).length,
  };
}

function becauseIn({ ladder }: Recomputed, step: number, itemId: string, title: Title) {
  const because = ladder.steps[step]?.find((one) => one.itemId === itemId)?.because ?? null;
  return because === null ? null : { item_id: because, title: title(because) };
}

function agesOf({ user, steps, ages }: Recomputed, items: KnownItems) {
  const upTo = (of: ReadonlyMap<string, { readonly newestAtMs: number | null }>) =>
    Object.fromEntries([...of].map(([name, { newestAtMs }]) => [name, iso(newestAtMs)]));
  return {
    newest_interaction_at: iso(user.newestAtMs),
    lists_computed_at: Object.fromEntries(
      steps.flatMap(({ model, stored }) =>
        stored === null ? [] : [[model, iso(stored.computedAtMs)]],
      ),
    ),
    /** Per model version: the newest training example in its weights. */
    weights_learned_up_to: upTo(ages.weights),
    /** Per fold: the newest interaction's signals in its rows and rankings. */
    learned_up_to: upTo(ages.learned),
    item_offsets: items.offsets,
    newest_item_at: iso(items.newestAtMs),
  };
}
