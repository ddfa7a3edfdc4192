import type { Explained } from '../../models/model.ts';
import type { RuleName } from '../../models/rules.ts';
import { answer, type Answered, type BoundRule } from '../../services/serving/answer.ts';

/** A candidate of one step, with what became of it. */
export interface Judged extends Explained {
  /** The first rule that objects; null: none does. */
  readonly removedBy: RuleName | null;
  /** Its place in the answer, from 1; null: it is not in it. */
  readonly place: number | null;
}

export interface JudgedLadder {
  readonly answered: Answered;
  /** Per step of the ladder, all its candidates, also those that an answer would not look at. */
  readonly steps: readonly (readonly Judged[])[];
  /** The first rule that objects to an item, also one of no step; null: none does. */
  removedBy(itemId: string): RuleName | null;
}

/** A rule on the whole answer objects to what the answer as it is leaves no room for. */
const objector = (
  rules: readonly BoundRule[],
  { items }: Answered,
): ((itemId: string) => RuleName | null) => {
  const there = new Set(items.map(({ itemId }) => itemId));
  const judges = rules.map(({ name, removes, tally }) => {
    const whole = tally?.();
    if (whole === undefined) return { name, removes };
    for (const itemId of there) whole.add(itemId);
    return { name, removes: (item: string) => !there.has(item) && whole.removes(item) };
  });
  return (itemId) => judges.find(({ removes }) => removes(itemId))?.name ?? null;
};

/** The one function that answers are made by, and beside it what it does not keep: who fell to which rule. */
export function judgeLadder(given: {
  readonly steps: readonly (readonly Explained[])[];
  readonly rules: readonly BoundRule[];
  readonly wanted: number;
  readonly atLeast: number;
}): JudgedLadder {
  const { steps, rules, wanted, atLeast } = given;
  const answered = answer({ wanted, atLeast, rules, steps: steps.map((step) => () => step) });
  const removedBy = objector(rules, answered);
  const places = new Map(
    answered.items.map(({ itemId, step }, index) => [`${step} ${itemId}`, index + 1]),
  );
  return {
    answered,
    removedBy,
    steps: steps.map((candidates, step) =>
      candidates.map((candidate) => ({
        ...candidate,
        removedBy: removedBy(candidate.itemId),
        place: places.get(`${step} ${candidate.itemId}`) ?? null,
      })),
    ),
  };
}
