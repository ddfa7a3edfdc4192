import type { Candidate } from '../../models/model.ts';
import type { RuleName } from '../../models/rules.ts';

/** A rule of the context, bound to one user, one request and one moment. */
export interface BoundRule {
  readonly name: RuleName;
  removes(itemId: string): boolean;
}

export interface AnswerInput {
  /** Items wanted: the context's size, or fewer. */
  readonly wanted: number;
  /** A step answers by itself when so many of its items are left after rules. */
  readonly atLeast: number;
  /** Per step of the ladder, its candidates, best first; called only if the step is looked at. */
  readonly steps: readonly (() => readonly Candidate[])[];
  readonly rules: readonly BoundRule[];
}

export interface AnsweredItem extends Candidate {
  /** Which step of the ladder gave it. */
  readonly step: number;
}

export interface Answered {
  readonly items: readonly AnsweredItem[];
  /** The step that gave the first item; -1: there is no item. */
  readonly step: number;
  /** Per step looked at: candidates before rules. */
  readonly held: readonly number[];
  /** Per rule: candidates that it removed, each counted by the first rule that objects. */
  readonly removed: Readonly<Partial<Record<RuleName, number>>>;
}

/**
 * The ladder and the rules: the one way to an answer's items, whatever made the candidates.
 *
 * Steps are looked at in order. Of each, the best items that no rule removes are kept, up to
 * `wanted`. The first step that keeps `atLeast` (or `wanted`, if that is less) answers; if none
 * does, the first that keeps any. Its items come first; the other steps, in order, fill up what is
 * missing, each item once. Steps after an answer that is full are not looked at.
 */
export const answer = (input: AnswerInput): Answered => {
  const { wanted, rules, steps } = input;
  const enough = Math.min(input.atLeast, wanted);
  const removed: Partial<Record<RuleName, number>> = {};
  const held: number[] = [];
  const kept: (readonly AnsweredItem[])[] = [];
  const distinct = new Set<string>();
  let answering = -1;
  for (const [step, candidatesOf] of steps.entries()) {
    const candidates = candidatesOf();
    const items = keep({ candidates, step, wanted, rules, removed });
    held.push(candidates.length);
    kept.push(items);
    for (const { itemId } of items) distinct.add(itemId);
    if (answering < 0 && items.length >= enough) answering = step;
    if (answering >= 0 && distinct.size >= wanted) break;
  }
  if (answering < 0) answering = kept.findIndex((items) => items.length > 0);
  const items = answering < 0 ? [] : fill(kept, answering, wanted);
  return { items, step: items.length === 0 ? -1 : answering, held, removed };
};

const keep = (of: {
  readonly candidates: readonly Candidate[];
  readonly step: number;
  readonly wanted: number;
  readonly rules: readonly BoundRule[];
  readonly removed: Partial<Record<RuleName, number>>;
}): readonly AnsweredItem[] => {
  const kept: AnsweredItem[] = [];
  const taken = new Set<string>();
  for (const candidate of of.candidates) {
    const { itemId } = candidate;
    if (kept.length === of.wanted) break;
    if (taken.has(itemId)) continue;
    taken.add(itemId);
    const objecting = of.rules.find((rule) => rule.removes(itemId));
    if (objecting === undefined) kept.push({ ...candidate, step: of.step });
    else of.removed[objecting.name] = (of.removed[objecting.name] ?? 0) + 1;
  }
  return kept;
};

const fill = (
  kept: readonly (readonly AnsweredItem[])[],
  answering: number,
  wanted: number,
): readonly AnsweredItem[] => {
  const items = [...(kept[answering] ?? [])];
  if (items.length >= wanted) return items;
  const there = new Set(items.map(({ itemId }) => itemId));
  for (const [step, others] of kept.entries()) {
    if (step === answering) continue;
    for (const item of others) {
      if (items.length === wanted) return items;
      if (there.has(item.itemId)) continue;
      there.add(item.itemId);
      items.push(item);
    }
  }
  return items;
};
