import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AttributeRule, Rule } from '../../models/rules.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import type { Accepted } from './request.ts';
import { acceptedOf, contextOf, contextVersion, partsOf } from './rule-asking.ts';
import * as worlds from './rule-world.ts';
import { type World, itemIds, thingOf } from './rule-world.ts';

interface Page {
  readonly items: readonly string[];
  readonly of: World;
}

/** All pages of an answer; after the first an item is withdrawn. */
const ask = async (of: World): Promise<Page[]> => {
  const first = await partsOf(of);
  const things = of.things.map((thing, n) =>
    itemIds[n] === of.closes ? { ...thing, open: false } : thing,
  ) as World['things'];
  const later: World = { ...of, things };
  const then = { ...first, items: worlds.itemsOf(later) };
  const pages: Page[] = [];
  let page: Accepted['page'] = null;
  do {
    const now: World = pages.length === 0 ? of : later;
    const [done] = await answerBatch([acceptedOf(now, page)], pages.length === 0 ? first : then);
    const items = done?.answered.items.map(({ itemId }) => itemId) ?? [];
    pages.push({ items, of: now });
    page = opened(done?.basis.nextPage ?? null, first);
  } while (page !== null);
  return pages;
};

const opened = (token: string | null, { pages }: AnsweringParts): Accepted['page'] => {
  if (token === null) return null;
  const { userId, contextId } = worlds;
  const found = pages.open(token, { userId, contextId, contextVersion }, worlds.nowMs);
  if (!found.ok) throw new Error(found.fault);
  return found.state;
};

/** The rules as a reader of the README would have them, told from the world and nothing stored. */
const breaks = (rule: Rule, { items, of }: Page, before: readonly string[]): boolean => {
  switch (rule.rule) {
    case 'not-seen':
      return of.sights.some(
        ({ item, type, daysAgo }) =>
          items.includes(item) &&
          (rule.kinds ?? worlds.types).includes(type) &&
          daysAgo <= (rule.withinDays ?? Infinity),
      );
    case 'available':
      return items.some((item) => !(thingOf(of, item)?.known && thingOf(of, item)?.open));
    case 'attribute':
      return items.some((item) => !passes(rule, valuesOf(of, item, rule.attribute), of));
    case 'not-own':
      return items.some((item) => valuesOf(of, item, 'seller').includes(worlds.userId));
    case 'at-most': {
      const per = rule.per === 'category' ? 'category' : rule.per.attribute;
      const all = [...before, ...items];
      const values = ['c1', 'c2', 'c3', 'x', 'y'];
      return values.some(
        (value) =>
          items.some((item) => valuesOf(of, item, per).includes(value)) &&
          all.filter((item) => valuesOf(of, item, per).includes(value)).length > rule.items,
      );
    }
    case 'not-served':
      return of.served.slice(0, rule.answers).some((ids) => ids.some((id) => items.includes(id)));
    case 'exclude':
      return items.some((item) => of.excluded.includes(item));
  }
};

const valuesOf = (of: World, item: string, attribute: string): readonly string[] => {
  const { known, categories, brand, seller } = thingOf(of, item) ?? {};
  if (!known) return [];
  if (attribute === 'category') return categories ?? [];
  return [attribute === 'brand' ? brand : seller].filter((value) => value !== undefined);
};

const passes = (rule: AttributeRule, values: readonly string[], of: World): boolean => {
  const compared = rule.require ?? rule.forbid ?? { oneOf: [] };
  const one = 'profile' in compared ? of.country : 'request' in compared ? of.asked : undefined;
  const wanted = 'oneOf' in compared ? compared.oneOf : one === undefined ? [] : [one];
  if (wanted.length === 0 || values.length === 0)
    return (rule.missing ?? (rule.require ? 'remove' : 'keep')) === 'keep';
  const isThere = values.some((value) => wanted.includes(value));
  return rule.require ? isThere : !isThere;
};

test('no answer ever breaks a rule, whatever the context, the lists, the user, the request and the page', async () => {
  let [later, answered, filled] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(worlds.world, async (of) => {
      const before: string[] = [];
      for (const page of await ask(of)) {
        const { rules } = contextOf(of);
        expect(rules.filter((rule) => breaks(rule, page, before))).toEqual([]);
        const shown = [...before, ...page.items];
        expect(new Set(shown).size).toBe(shown.length);
        if (before.length > 0) later += page.items.length;
        before.push(...page.items);
      }
      answered += before.length > 0 ? 1 : 0;
      filled += 1;
    }),
    { numRuns: 1_500 },
  );
  // Else nothing was tried.
  expect(answered).toBeGreaterThan(filled / 2);
  expect(later).toBeGreaterThan(filled / 4);
});
