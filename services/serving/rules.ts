import {
  type AtMostRule,
  type AttributeRule,
  categoryAttribute,
  type Compared,
  comparedOf,
  type NotSeenRule,
  type Rule,
} from '../../models/rules.ts';
import { kindsMask, type SeenIndex } from '../../schemas/packed/seen-items.ts';
import type { BoundRule, Tally } from './answer.ts';

const dayMs = 86_400_000;

/** Items as rules see them, at the revisions that the answer states. */
export interface RuleItems {
  available(itemId: string, atMs: number): boolean;
  categoriesOf(itemId: string): readonly string[];
  /** Undefined: the item is not known, or has no such attribute. */
  attributeOf(itemId: string, attribute: string): string | undefined;
}

/** What a rule may look at: all of it is stated in the answer, so that it can be judged again. */
export interface RuleFacts {
  readonly userId: string;
  /** What the user has seen, up to the offset that the answer states. */
  readonly seen: SeenIndex;
  readonly items: RuleItems;
  readonly excluded: ReadonlySet<string>;
  /** The user's and the request's attributes, as far as rules name them. */
  readonly profile: ReadonlyMap<string, string>;
  readonly request: Readonly<Record<string, string>>;
  /** Whether the item was among the user's last so many answers in this context. */
  readonly served: (itemId: string, answers: number) => boolean;
  /** Items of the earlier pages of this answer. */
  readonly earlier: readonly string[];
  /** The time that the rules are judged by. */
  readonly atMs: number;
  /** The configured event types, in order. */
  readonly types: readonly string[];
}

/** The context's rules for one request. */
export const bindRules = (rules: readonly Rule[], facts: RuleFacts): readonly BoundRule[] =>
  rules.map((rule) => bind(rule, facts));

const bind = (rule: Rule, facts: RuleFacts): BoundRule => {
  const { rule: name } = rule;
  switch (rule.rule) {
    case 'not-seen':
      return { name, removes: seenBy(rule, facts) };
    case 'available':
      return { name, removes: (item) => !facts.items.available(item, facts.atMs) };
    case 'attribute':
      return { name, removes: comparing(rule, facts) };
    case 'not-own':
      return {
        name,
        removes: (item) => valuesOf(rule.attribute, facts, item).includes(facts.userId),
      };
    case 'at-most':
      return { name, removes: () => false, tally: () => tallyOf(rule, facts) };
    case 'not-served':
      return { name, removes: (item) => facts.served(item, rule.answers) };
    case 'exclude':
      return { name, removes: (item) => facts.excluded.has(item) };
  }
};

/** From when on an item must not have been seen. */
export const seenSinceMs = (rule: NotSeenRule, atMs: number): number =>
  rule.withinDays === undefined ? 0 : Math.max(0, atMs - rule.withinDays * dayMs);

const seenBy = (rule: NotSeenRule, facts: RuleFacts): BoundRule['removes'] => {
  const kinds = kindsMask(facts.types, rule.kinds ?? []);
  const sinceMs = seenSinceMs(rule, facts.atMs);
  return (item) => facts.seen.has(item, kinds, sinceMs);
};

const none: readonly string[] = [];

const valuesOf = (attribute: string, { items }: RuleFacts, item: string): readonly string[] => {
  if (attribute === categoryAttribute) return items.categoriesOf(item);
  const value = items.attributeOf(item, attribute);
  return value === undefined ? none : [value];
};

/** Null: what the rule compares with has no value. */
const wordsOf = (
  compared: Compared,
  { profile, request }: RuleFacts,
): ReadonlySet<string> | null => {
  if ('oneOf' in compared) return new Set(compared.oneOf);
  const value =
    'profile' in compared
      ? profile.get(compared.profile)
      : Object.hasOwn(request, compared.request)
        ? request[compared.request]
        : undefined;
  return value === undefined ? null : new Set([value]);
};

const comparing = (rule: AttributeRule, facts: RuleFacts): BoundRule['removes'] => {
  const compared = comparedOf(rule);
  const words = compared === undefined ? null : wordsOf(compared, facts);
  const isRequired = rule.require !== undefined;
  const removesMissing = (rule.missing ?? (isRequired ? 'remove' : 'keep')) === 'remove';
  if (words === null) return () => removesMissing;
  return (item) => {
    const values = valuesOf(rule.attribute, facts, item);
    if (values.length === 0) return removesMissing;
    return values.some((value) => words.has(value)) !== isRequired;
  };
};

/** Items of earlier pages count with the values that they have now. */
const tallyOf = (rule: AtMostRule, facts: RuleFacts): Tally => {
  const attribute = rule.per === categoryAttribute ? categoryAttribute : rule.per.attribute;
  const counts = new Map<string, number>();
  const tally: Tally = {
    removes: (item) =>
      valuesOf(attribute, facts, item).some((value) => (counts.get(value) ?? 0) >= rule.items),
    add: (item) => {
      for (const value of new Set(valuesOf(attribute, facts, item)))
        counts.set(value, (counts.get(value) ?? 0) + 1);
    },
  };
  for (const item of facts.earlier) tally.add(item);
  return tally;
};

/** What the rules compare items with, by name; what has no value is left out. */
export const judgedWith = (
  rules: readonly Rule[],
  { profile, request }: Pick<RuleFacts, 'profile' | 'request'>,
): Record<string, string> => {
  const stated: Record<string, string> = {};
  for (const rule of rules) {
    const compared = rule.rule === 'attribute' ? comparedOf(rule) : undefined;
    if (compared === undefined || 'oneOf' in compared) continue;
    const [from, name, value] =
      'profile' in compared
        ? ['profile', compared.profile, profile.get(compared.profile)]
        : [
            'request',
            compared.request,
            Object.hasOwn(request, compared.request) ? request[compared.request] : undefined,
          ];
    if (value !== undefined) stated[`${from}.${name}`] = value;
  }
  return stated;
};

export const comparesProfile = (rules: readonly Rule[]): boolean =>
  rules.some((rule) => {
    const compared = rule.rule === 'attribute' ? comparedOf(rule) : undefined;
    return compared !== undefined && 'profile' in compared;
  });
