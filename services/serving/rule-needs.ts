import { itemAttributesOf, type Rule } from '../../models/rules.ts';
import { comparesProfile } from './rules.ts';

/** What has to be there before rules can be judged. */
export interface RuleNeeds {
  readonly seen: boolean;
  readonly served: boolean;
  readonly profile: boolean;
  /** Of items. */
  readonly attributes: readonly string[];
}

const known = new WeakMap<readonly Rule[], RuleNeeds>();

/** Found once per context: it is asked for with every request. */
export const needsOf = (rules: readonly Rule[]): RuleNeeds => {
  const there = known.get(rules);
  if (there !== undefined) return there;
  const needs: RuleNeeds = {
    seen: rules.some(({ rule }) => rule === 'not-seen'),
    served: rules.some(({ rule }) => rule === 'not-served'),
    profile: comparesProfile(rules),
    attributes: itemAttributesOf(rules),
  };
  known.set(rules, needs);
  return needs;
};
