import type { Candidate } from '../../models/model.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import type { StoredList } from '../../services/serving/lists.ts';
import type { KnownItems } from './items.ts';
import type { Judged, JudgedLadder } from './ladder.ts';
import type { Recomputed, StepNow } from './recompute.ts';
import type { Stated } from './stated.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** How many of the first items that rules leave of a stored list are looked for in the new one. */
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
    steps: made.steps.map((step, index) =>
      stepOf(step, made.ladder.steps[index] ?? [], { title, ladder: made.ladder, items }),
    ),
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

interface StepParts {
  readonly title: Title;
  readonly ladder: JudgedLadder;
  readonly items: KnownItems;
}

const stepOf = (step: StepNow, candidates: readonly Judged[], parts: StepParts) => {
  const { title } = parts;
  const stored = placesIn(step.stored);
  return {
    step: step.step,
    model: step.model,
    kind: step.kind,
    category: step.category,
    /** Whether anything was learned of its model yet. */
    is_learned: step.list !== null,
    stored: storedOf(step, candidates, parts),
    candidates: candidates.map((one) => ({
      item_id: one.itemId,
      title: title(one.itemId),
      score: one.score,
      because: one.because === null ? null : { item_id: one.because, title: title(one.because) },
      proposals: one.proposals,
      removed_by: one.removedBy,
      place: one.place,
      exploration: explorationOf(one),
      /** Where it is in the list that answers are made of, from 1; null: it is not in it. */
      stored: stored.get(one.itemId) ?? null,
    })),
  };
};

const placesIn = (stored: StoredList | null) =>
  new Map(
    stored
      ?.candidates()
      .all()
      .map((one, index) => [one.itemId, { place: index + 1, exploration: explorationOf(one) }]),
  );

/** With what chance an item came to its place, and whether by a draw. Null: none was at work. */
const explorationOf = ({ propensity }: Candidate) =>
  // A place goes to others with a chance of at most a half: whoever kept it had that or more.
  propensity === undefined ? null : { propensity, is_drawn: propensity < 0.5 };

/**
 * Compared as answers see both lists: after rules and category. A user's own items head a list
 * whatever it was made from, and are removed.
 */
function storedOf(
  { stored, category }: StepNow,
  candidates: readonly Judged[],
  { ladder, items }: StepParts,
) {
  if (stored === null) return null;
  const left = stored
    .candidates()
    .all()
    .filter(
      ({ itemId }) =>
        ladder.removedBy(itemId) === null &&
        (category === null || items.table.inCategory(itemId, category)),
    );
  const first = left.slice(0, comparedMax);
  const leftNow = candidates.filter(({ removedBy }) => removedBy === null);
  const again = new Set(leftNow.slice(0, comparedMax).map(({ itemId }) => itemId));
  return {
    computed_at: iso(stored.computedAtMs),
    newest_interaction_at: iso(stored.newestAtMs),
    profile_offset: stored.profileOffset,
    items: stored.candidates().length,
    left_after_rules: left.length,
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
