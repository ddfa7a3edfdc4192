import type { Interaction } from '../../../schemas/generated/interaction.ts';
import type { Shown } from './shown.ts';

/** What an interaction says that is needed to credit it. */
export interface Act {
  readonly userId: string;
  readonly itemId: string;
  readonly type: string;
  readonly appendedMs: number;
  readonly occurredMs: number;
  readonly answerId: string | null;
  readonly contextId: string | null;
  readonly value: number;
}

export interface Credit {
  readonly shown: Shown;
  readonly act: Act;
  /** Of the item in the answer; -1: it was not among the items. */
  readonly place: number;
}

export interface CreditOptions {
  readonly context: string;
  /** None: all types. */
  readonly kinds: readonly string[];
  readonly withinMs: number;
}

/** What clocks may differ by. */
const skewMs = 60_000;

/**
 * The rules of the service `experiments`, answer by answer: by the answer's id where the
 * interaction has one that we know; else the newest answer before that showed the item to the user.
 */
export const creditsOf = (
  shown: readonly Shown[],
  acts: readonly Act[],
  { context, kinds, withinMs }: CreditOptions,
): readonly Credit[] => {
  const byAnswer = new Map(shown.map((one) => [one.answerId, one]));
  const byUser = Map.groupBy(shown, ({ userId }) => userId);
  const isIn = (one: Shown, { appendedMs }: Act): boolean =>
    appendedMs >= one.servedMs - skewMs && appendedMs <= one.servedMs + withinMs;
  const placeIn = (one: Shown, act: Act): number =>
    one.items.findIndex(({ itemId }) => itemId === act.itemId);
  return acts.flatMap((act) => {
    if (kinds.length > 0 && !kinds.includes(act.type)) return [];
    const named = act.answerId === null ? undefined : byAnswer.get(act.answerId);
    if (named !== undefined && named.userId === act.userId)
      return isIn(named, act) ? [{ shown: named, act, place: placeIn(named, act) }] : [];
    if (act.contextId !== null && act.contextId !== context) return [];
    const seen = byUser
      .get(act.userId)
      ?.findLast(
        (one) =>
          isIn(one, act) && act.occurredMs >= one.servedMs - skewMs && placeIn(one, act) >= 0,
      );
    return seen === undefined ? [] : [{ shown: seen, act, place: placeIn(seen, act) }];
  });
};

export const actOf = (one: Interaction): Act => ({
  userId: one.user_id,
  itemId: one.item_id,
  type: one.type,
  appendedMs: one.appended_at,
  occurredMs: one.occurred_at,
  answerId: one.answer_id,
  contextId: one.context_id,
  value: one.value ?? 0,
});
