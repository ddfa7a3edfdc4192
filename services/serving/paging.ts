import type { Candidate } from '../../models/model.ts';
import type { Answered } from './answer.ts';
import { beyondMax, type PageState, type PageTokens } from './page-token.ts';
import type { RequestPlan } from './plan.ts';
import { userOf } from './request.ts';

/** Candidates that are wanted beyond an answer's items. */
export const beyondOf = ({ accepted }: RequestPlan): number =>
  accepted.context.definition.pages === true ? beyondMax : 0;

/** What is left of a list, in its order. Its scores are not carried along. */
export const restOf = ({ rest }: PageState): readonly Candidate[] =>
  rest.flatMap(({ items }) => items.map((itemId) => ({ itemId, score: 0 })));

/** A page is answered as from one list; its items say the steps that they came from at first. */
export const withSteps = (answered: Answered, { rest }: PageState): Answered => {
  const steps = new Map(rest.flatMap(({ step, items }) => items.map((item) => [item, step])));
  const placed = <T extends { readonly itemId: string }>(items: readonly T[]) =>
    items.map((item) => ({ ...item, step: steps.get(item.itemId) ?? 0 }));
  const items = placed(answered.items);
  return { ...answered, items, step: items[0]?.step ?? -1, rest: placed(answered.rest) };
};

/** Null: nothing is left, or the context has no pages. */
export const nextPageOf = (
  plan: RequestPlan,
  answered: Answered,
  given: { readonly pages: Pick<PageTokens, 'seal'>; readonly atMs: number },
): string | null => {
  if (answered.rest.length === 0 || answered.items.length === 0) return null;
  const { request, context, page } = plan.accepted;
  const rest: { readonly step: number; readonly items: string[] }[] = [];
  for (const { step, itemId } of answered.rest) {
    const last = rest.at(-1);
    if (last?.step === step) last.items.push(itemId);
    else rest.push({ step, items: [itemId] });
  }
  return given.pages.seal({
    userId: userOf(request),
    contextId: context.definition.context,
    contextVersion: context.version,
    assigned: plan.assigned,
    page: (page?.page ?? 0) + 1,
    issuedMs: given.atMs,
    shown: [...(page?.shown ?? []), ...answered.items.map(({ itemId }) => itemId)],
    rest,
  });
};
