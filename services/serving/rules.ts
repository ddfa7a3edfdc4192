import type { NotSeenRule, Rule } from '../../models/rules.ts';
import { kindsMask, type SeenIndex } from '../../schemas/packed/seen-items.ts';
import type { BoundRule } from './answer.ts';

const dayMs = 86_400_000;

/** What a rule may look at: all of it is stated in the answer, so that it can be judged again. */
export interface RuleFacts {
  /** What the user has seen, up to the offset that the answer states. */
  readonly seen: SeenIndex;
  /** Items at the revision that the answer states. */
  readonly available: (itemId: string, atMs: number) => boolean;
  readonly excluded: ReadonlySet<string>;
  /** The time that the rules are judged by. */
  readonly atMs: number;
  /** The configured event types, in order. */
  readonly types: readonly string[];
}

/** The context's rules for one request. */
export const bindRules = (rules: readonly Rule[], facts: RuleFacts): readonly BoundRule[] =>
  rules.map((rule) => {
    switch (rule.rule) {
      case 'not-seen':
        return { name: rule.rule, removes: seenBy(rule, facts) };
      case 'available':
        return { name: rule.rule, removes: (item) => !facts.available(item, facts.atMs) };
      case 'exclude':
        return { name: rule.rule, removes: (item) => facts.excluded.has(item) };
    }
  });

/** From when on an item must not have been seen. */
export const seenSinceMs = (rule: NotSeenRule, atMs: number): number =>
  rule.withinDays === undefined ? 0 : Math.max(0, atMs - rule.withinDays * dayMs);

const seenBy = (rule: NotSeenRule, facts: RuleFacts): BoundRule['removes'] => {
  const kinds = kindsMask(facts.types, rule.kinds ?? []);
  const sinceMs = seenSinceMs(rule, facts.atMs);
  return (item) => facts.seen.has(item, kinds, sinceMs);
};
