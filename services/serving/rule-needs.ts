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

/** What is there. */
export interface NeedsFacts {
  /** Whether the fold has a current generation. */
  isFolded(fold: string): boolean;
  knowsAttributes(names: readonly string[]): boolean;
}

/** What is missing before rules can be judged, and what to do; null: nothing. */
export const missingFor = (needs: RuleNeeds, facts: NeedsFacts): string | null => {
  const missing = [
    ...(needs.seen ? ['seen-items'] : []),
    ...(needs.served ? ['served'] : []),
    ...(needs.profile ? ['user-features'] : []),
  ].find((fold) => !facts.isFolded(fold));
  if (missing !== undefined)
    return (
      `${missing} has no current generation, so no answer can keep the rules of its context: ` +
      `run \`npx freshet run ${missing}\``
    );
  if (needs.attributes.length === 0 || facts.knowsAttributes(needs.attributes)) return null;
  return `reading attributes of items: ${needs.attributes.join(', ')}`;
};

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
