import { z } from 'zod';

/**
 * The hard rules of a context. A rule is never a tweak: it removes items that must not be shown,
 * on every path, as the last step (services/serving).
 */
export const ruleSchema = z.discriminatedUnion('rule', [
  z.strictObject({
    rule: z.literal('not-seen'),
    /** Kinds of event that make an item seen; left out: every kind. */
    kinds: z.array(z.string().min(1).max(64)).min(1).max(32).optional(),
    /** Seen within so many days; left out: as far back as seen-items keeps. */
    withinDays: z.number().int().min(1).max(36_500).optional(),
  }),
  /** Known on the topic items, and now between available_from and available_until. */
  z.strictObject({ rule: z.literal('available') }),
  /** Not on the request's own list. Always there: a context that leaves it out gets it, last. */
  z.strictObject({ rule: z.literal('exclude') }),
]);

export type Rule = z.infer<typeof ruleSchema>;
export type RuleName = Rule['rule'];
export type NotSeenRule = Extract<Rule, { rule: 'not-seen' }>;

export const ruleNames: readonly RuleName[] = ['not-seen', 'available', 'exclude'];

export const withExclude = (rules: readonly Rule[]): Rule[] =>
  rules.some(({ rule }) => rule === 'exclude') ? [...rules] : [...rules, { rule: 'exclude' }];

/** What seen-items keeps and counts: a rule cannot ask for more. */
export interface SeenLimits {
  readonly daysMax: number;
  readonly kinds: readonly string[];
}

/** Why rules ask for more than can be known; one line each. Null: a rule with faults of its own. */
export const faultsOfRules = (rules: readonly (Rule | null)[], limits: SeenLimits): string[] => {
  const faults: string[] = [];
  for (const [index, rule] of rules.entries()) {
    if (rule?.rule !== 'not-seen') continue;
    for (const kind of rule.kinds ?? []) {
      if (!limits.kinds.includes(kind))
        faults.push(
          `rules.${index}.kinds: no event type '${kind}' is configured (there are ${limits.kinds.join(', ')})`,
        );
    }
    if ((rule.withinDays ?? 0) > limits.daysMax)
      faults.push(
        `rules.${index}.withinDays: ${rule.withinDays} days are asked for, but seen-items keeps ${limits.daysMax}`,
      );
  }
  return faults;
};
