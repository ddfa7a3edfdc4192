import type { AttributeRule, Rule } from '../../models/rules.ts';
import type { ItemHistory } from './item-history.ts';
import type { Stated } from './stated.ts';

/** Items as they were. */
type History = Pick<ItemHistory, 'at' | 'available'>;

/** What the request itself said. */
export interface Asked {
  readonly excluded: ReadonlySet<string>;
  readonly attributes: Readonly<Record<string, string>>;
}

export const nothingAsked: Asked = { excluded: new Set(), attributes: {} };

/**
 * What an answer did wrong by the rules that need no state of its user, one line each. Written
 * anew, so that a mistake of serving's rules is not made twice.
 */
export function faultsOfAnswer(stated: Stated, asked: Asked, history: History): string[] {
  const { items, rules } = stated;
  return [
    ...(new Set(items).size < items.length ? ['has an item twice'] : []),
    ...faultsOfConsent(stated),
    ...items.filter((item) => asked.excluded.has(item)).map((item) => `item ${item} was excluded`),
    ...rules.flatMap((rule) => faultsOfRule(rule, { stated, asked, history })),
  ];
}

interface Judging {
  readonly stated: Stated;
  readonly asked: Asked;
  readonly history: History;
}

function faultsOfRule(rule: Rule, judging: Judging): string[] {
  const { stated, history } = judging;
  const { items } = stated;
  switch (rule.rule) {
    case 'available':
      return items
        .filter((item) => history.available(item, stated) === 'no')
        .map((item) => `item ${item} was not available`);
    case 'attribute':
      return faultsOfAttribute(rule, judging);
    case 'not-own':
      return items
        .filter((item) => valuesOf(item, rule.attribute, judging)?.includes(stated.user))
        .map((item) => `item ${item} is of user ${stated.user} itself (${rule.attribute})`);
    case 'at-most': {
      const per = rule.per === 'category' ? rule.per : rule.per.attribute;
      const counts = new Map<string, number>();
      for (const item of items)
        for (const value of new Set(valuesOf(item, per, judging)))
          counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts]
        .filter(([, count]) => count > rule.items)
        .map(
          ([value, count]) => `has ${count} items of ${per} '${value}', more than ${rule.items}`,
        );
    }
    case 'not-seen':
    case 'not-served':
      return missingOffsets(rule, stated);
    case 'exclude':
      return [];
  }
}

/** Answered from what the request held, an answer knows of no state of anybody. */
function faultsOfConsent(stated: Stated): string[] {
  const { consent, user, seenOffset, servedOffset, profileOffset, candidatesOffset } = stated;
  if (consent) return [];
  const offsets = [seenOffset, servedOffset, profileOffset, candidatesOffset];
  return [
    ...(user === '' ? [] : ['names its user, who did not consent']),
    ...(offsets.every((offset) => offset < 0) ? [] : ['rests on what is kept, without consent']),
  ];
}

/** Without what it was judged up to, an answer cannot be judged again. */
function missingOffsets(rule: Rule, stated: Stated): string[] {
  const { items, seenOffset, servedOffset, consent } = stated;
  if (items.length === 0 || !consent) return [];
  if (rule.rule === 'not-seen' && seenOffset < 0)
    return ['does not say up to which offset its items were not seen'];
  if (rule.rule === 'not-served' && servedOffset < 0)
    return ['does not say up to which offset its items were not served'];
  return [];
}

/** Undefined: not known any more. */
const valuesOf = (
  item: string,
  attribute: string,
  { stated, history }: Judging,
): readonly string[] | undefined => {
  // Categories are part of what availability is judged by.
  const revision = attribute === 'category' ? stated.itemOffsets : stated.attributeOffsets;
  const then = history.at(item, revision);
  return then === undefined ? undefined : (then?.values.get(attribute) ?? []);
};

function faultsOfAttribute(rule: AttributeRule, judging: Judging): string[] {
  const { stated, asked } = judging;
  const compared = rule.require ?? rule.forbid;
  if (compared === undefined) return [];
  const faults: string[] = [];
  let wanted: readonly string[];
  if ('oneOf' in compared) wanted = compared.oneOf;
  else if ('request' in compared) {
    const value = asked.attributes[compared.request];
    if (stated.judgedWith[`request.${compared.request}`] !== value)
      faults.push(`was not judged with the ${compared.request} that the request gave`);
    wanted = value === undefined ? [] : [value];
  } else {
    const value = stated.judgedWith[`profile.${compared.profile}`];
    wanted = value === undefined ? [] : [value];
  }
  const keepsMissing = (rule.missing ?? (rule.require ? 'remove' : 'keep')) === 'keep';
  for (const item of stated.items) {
    const values = valuesOf(item, rule.attribute, judging);
    if (values === undefined) continue;
    const isThere = values.some((value) => wanted.includes(value));
    const isMissing = values.length === 0 || wanted.length === 0;
    if (isMissing ? keepsMissing : isThere === (rule.require !== undefined)) continue;
    faults.push(`item ${item} has ${rule.attribute} '${values.join("', '")}'`);
  }
  return faults;
}
