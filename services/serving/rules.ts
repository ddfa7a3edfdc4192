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
      return { name, removes: owning(rule.attribute, facts) };
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

const owning = (attribute: string, { items, userId }: RuleFacts): BoundRule['removes'] =>
  attribute === categoryAttribute
    ? (item) => items.categoriesOf(item).includes(userId)
    : (item) => items.attributeOf(item, attribute) === userId;

const seenBy = (rule: NotSeenRule, facts: RuleFacts): BoundRule['removes'] => {
  const kinds = kindsMask(facts.types, rule.kinds ?? []);
  const sinceMs = seenSinceMs(rule, facts.atMs);
  return (item, stored) => facts.seen.has(item, kinds, sinceMs, stored);
};

/** Undefined: what the rule compares with has no value. */
const wordsOf = (
  compared: Compared,
  { profile, request }: Pick<RuleFacts, 'profile' | 'request'>,
): ReadonlySet<string> | string | undefined => {
  if ('oneOf' in compared)
    return compared.oneOf.length === 1 ? compared.oneOf[0] : new Set(compared.oneOf);
  if ('profile' in compared) return profile.get(compared.profile);
  return Object.hasOwn(request, compared.request) ? request[compared.request] : undefined;
};

const comparing = (rule: AttributeRule, facts: RuleFacts): BoundRule['removes'] => {
  const compared = comparedOf(rule);
  const words = compared === undefined ? undefined : wordsOf(compared, facts);
  const isRequired = rule.require !== undefined;
  const removesMissing = (rule.missing ?? (isRequired ? 'remove' : 'keep')) === 'remove';
  if (words === undefined) return () => removesMissing;
  const isWord =
    typeof words === 'string'
      ? (value: string) => value === words
      : (value: string) => words.has(value);
  const { attribute } = rule;
  const { items } = facts;
  if (attribute === categoryAttribute)
    return (item) => {
      const values = items.categoriesOf(item);
      return values.length === 0 ? removesMissing : values.some(isWord) !== isRequired;
    };
  return (item) => {
    const value = items.attributeOf(item, attribute);
    return value === undefined ? removesMissing : isWord(value) !== isRequired;
  };
};

/** Items of earlier pages count with the values that they have now. */
const tallyOf = (rule: AtMostRule, { items, earlier }: RuleFacts): Tally => {
  const counts = new Map<string, number>();
  const isFull = (value: string): boolean => (counts.get(value) ?? 0) >= rule.items;
  const count = (value: string): void => void counts.set(value, (counts.get(value) ?? 0) + 1);
  let tally: Tally;
  if (rule.per === categoryAttribute)
    tally = {
      removes: (item) => items.categoriesOf(item).some(isFull),
      // A category that is named twice counts once.
      add: (item) => new Set(items.categoriesOf(item)).forEach(count),
    };
  else {
    const { attribute } = rule.per;
    tally = {
      removes: (item) => {
        const value = items.attributeOf(item, attribute);
        return value !== undefined && isFull(value);
      },
      add: (item) => {
        const value = items.attributeOf(item, attribute);
        if (value !== undefined) count(value);
      },
    };
  }
  for (const item of earlier) tally.add(item);
  return tally;
};

/** What the rules compare items with, by name; what has no value is left out. */
export const judgedWith = (
  rules: readonly Rule[],
  facts: Pick<RuleFacts, 'profile' | 'request'>,
): Record<string, string> => {
  const stated: Record<string, string> = {};
  for (const rule of rules) {
    const compared = rule.rule === 'attribute' ? comparedOf(rule) : undefined;
    if (compared === undefined || 'oneOf' in compared) continue;
    const name =
      'profile' in compared ? `profile.${compared.profile}` : `request.${compared.request}`;
    const value = wordsOf(compared, facts);
    if (typeof value === 'string') stated[name] = value;
  }
  return stated;
};

export const comparesProfile = (rules: readonly Rule[]): boolean =>
  rules.some((rule) => {
    const compared = rule.rule === 'attribute' ? comparedOf(rule) : undefined;
    return compared !== undefined && 'profile' in compared;
  });
