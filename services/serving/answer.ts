import type { Candidate } from '../../models/model.ts';
import type { RuleName } from '../../models/rules.ts';
import type { StoredId } from '../../schemas/packed/bytes.ts';

/** A rule of the context, bound to one user, one request and one moment. */
export interface BoundRule {
  readonly name: RuleName;
  /** `stored`: where the same id lies in bytes, if it does. */
  removes(itemId: string, stored?: StoredId): boolean;
  /** Of a rule that depends on what else is in the answer: a tally of it, to begin with. */
  readonly tally?: (() => Tally) | undefined;
}

/** What such a rule has counted of one answer. */
export interface Tally {
  removes(itemId: string): boolean;
  add(itemId: string): void;
}

/** A step's candidates, best first. A stored list makes only those that are looked at. */
export interface Candidates extends Pick<readonly Candidate[], 'length' | 'at'> {
  /** Of a stored list: where the id of one that was asked for lies. */
  idAt?(n: number): StoredId | undefined;
}

export interface AnswerInput {
  /** Items wanted: the context's size, or fewer. */
  readonly wanted: number;
  /** A step answers by itself when so many of its items are left after rules. */
  readonly atLeast: number;
  /** Per step of the ladder, its candidates, best first; called only if the step is looked at. */
  readonly steps: readonly (() => Candidates)[];
  readonly rules: readonly BoundRule[];
  /** Candidates wanted beyond the items, for the next page; left out: none. */
  readonly beyond?: number | undefined;
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
  /** Per step looked at, what rules did to its candidates when it was its turn. */
  readonly effects: readonly StepEffect[];
  /** In the order of the list, what comes after the items and no rule has removed so far. */
  readonly rest: readonly AnsweredItem[];
}

export interface StepEffect {
  /** Items that it kept by itself; null: it was asked only to fill up another step's answer. */
  readonly kept: number | null;
  /** Per rule: candidates that it removed, each counted by the first rule that objects. */
  readonly removed: Readonly<Partial<Record<RuleName, number>>>;
}

/** One step's candidates, and which of them rules removed. */
interface Looked {
  readonly step: number;
  readonly candidates: Candidates;
  /** By place in the list, as far as it was looked at; null: no rule removes it. */
  readonly objections: (RuleName | null)[];
}

/**
 * The ladder and the rules: the one way to an answer's items, whatever made the candidates.
 *
 * Steps are looked at in order. Of each, the best items that no rule removes are kept, up to
 * `wanted`. The first step that keeps `atLeast` (or `wanted`, if that is less) answers; if none
 * does, the first that keeps any. Its items come first; the other steps, in order, fill up what is
 * missing, each item once and judged beside those already there. Steps after an answer that is
 * full are not looked at.
 */
export const answer = (input: AnswerInput): Answered => {
  const { wanted, rules, beyond = 0 } = input;
  const enough = Math.min(input.atLeast, wanted);
  const looked: Looked[] = [];
  const effects: StepEffect[] = [];
  /** What each step keeps by itself, until one answers. */
  const alone: Kept[] = [];
  let answering: Kept | null = null;
  for (const [step, candidatesOf] of input.steps.entries()) {
    if (answering !== null && isFull(answering, looked, { wanted, beyond })) break;
    const one: Looked = { step, candidates: candidatesOf(), objections: [] };
    looked.push(one);
    if (answering !== null) {
      fill(answering, one, wanted);
      effects.push({ kept: null, removed: removedBy([one]) });
      continue;
    }
    const kept = newKept(step, rules);
    fill(kept, one, wanted);
    alone.push(kept);
    effects.push({ kept: kept.items.length, removed: removedBy([one]) });
    if (kept.items.length >= enough) answering = fillFrom(kept, looked, wanted);
  }
  const first = answering ?? alone.find(({ items }) => items.length > 0) ?? null;
  if (answering === null && first !== null) fillFrom(first, looked, wanted);
  return {
    items: first?.items ?? [],
    step: first === null || first.items.length === 0 ? -1 : first.step,
    held: looked.map(({ candidates }) => candidates.length),
    removed: removedBy(looked),
    effects,
    rest: first === null || beyond === 0 ? [] : restOf(first, looked, beyond),
  };
};

/** An answer as it is put together. */
interface Kept {
  readonly step: number;
  readonly items: AnsweredItem[];
  readonly there: Set<string>;
  readonly rules: readonly Judge[];
}

interface Judge extends Pick<BoundRule, 'name' | 'removes'> {
  readonly add: ((itemId: string) => void) | null;
}

const newKept = (step: number, rules: readonly BoundRule[]): Kept => ({
  step,
  items: [],
  there: new Set(),
  rules: rules.map((rule): Judge => {
    const tally = rule.tally?.();
    if (tally === undefined) return { name: rule.name, removes: rule.removes, add: null };
    return {
      name: rule.name,
      removes: (item) => tally.removes(item),
      add: (item) => tally.add(item),
    };
  }),
});

const fill = (kept: Kept, { candidates, objections, step }: Looked, wanted: number): void => {
  const { items, there, rules } = kept;
  for (let at = 0; items.length < wanted; at++) {
    const candidate = candidates.at(at);
    if (candidate === undefined) return;
    const { itemId, score, propensity } = candidate;
    // What another step's rule on the whole answer removed there may be in it all the same.
    const isThere = there.has(itemId);
    const objecting = isThere ? null : objectionTo(itemId, rules, candidates.idAt?.(at));
    objections[at] = objecting;
    if (isThere || objecting !== null) continue;
    there.add(itemId);
    // A chance is of a place in the list: below what was passed over the item came to another one.
    const isAtItsPlace = at === items.length && step === kept.step;
    items.push(
      propensity === undefined || !isAtItsPlace
        ? { itemId, score, step }
        : { itemId, score, propensity, step },
    );
    for (const { add } of rules) add?.(itemId);
  }
};

/** The first rule that removes the item; null: none. */
const objectionTo = (
  itemId: string,
  rules: readonly Judge[],
  stored: StoredId | undefined,
): RuleName | null => {
  for (const rule of rules) if (rule.removes(itemId, stored)) return rule.name;
  return null;
};

/** From the steps looked at before and after the one that answers, in order. */
const fillFrom = (kept: Kept, looked: readonly Looked[], wanted: number): Kept => {
  for (const one of looked) if (one.step !== kept.step) fill(kept, one, wanted);
  return kept;
};

const isFull = (
  { items }: Kept,
  looked: readonly Looked[],
  { wanted, beyond }: { readonly wanted: number; readonly beyond: number },
): boolean => {
  if (items.length < wanted) return false;
  if (beyond === 0) return true;
  const held = looked.reduce((sum, { candidates }) => sum + candidates.length, 0);
  const removed = looked.reduce(
    (sum, { objections }) => sum + objections.filter((one) => one !== null).length,
    0,
  );
  return held - removed >= wanted + beyond;
};

const removedBy = (looked: readonly Looked[]): Partial<Record<RuleName, number>> => {
  const removed: Partial<Record<RuleName, number>> = {};
  for (const { objections } of looked)
    for (const name of objections) if (name !== null) removed[name] = (removed[name] ?? 0) + 1;
  return removed;
};

const restOf = (kept: Kept, looked: readonly Looked[], beyond: number): AnsweredItem[] => {
  const rest: AnsweredItem[] = [];
  const there = new Set(kept.there);
  const own = looked.filter(({ step }) => step === kept.step);
  for (const { candidates, objections, step } of [
    ...own,
    ...looked.filter((one) => one.step !== kept.step),
  ])
    for (let at = 0; at < candidates.length; at++) {
      if (rest.length === beyond) return rest;
      const candidate = candidates.at(at);
      if (candidate === undefined || (objections[at] ?? null) !== null) continue;
      if (there.has(candidate.itemId)) continue;
      there.add(candidate.itemId);
      rest.push({ ...candidate, step });
    }
  return rest;
};
