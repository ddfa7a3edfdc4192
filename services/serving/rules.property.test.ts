import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Assigned } from '../../experiments/catalogue.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import type { AttributeRule, Rule } from '../../models/rules.ts';
import type { PersonalRetrieval } from '../../models/model.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel, ReadyModel, SharedModel } from '../../retrieval/personal-models.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import { readBounds, requestRecord } from './fakes.ts';
import { PageTokens } from './page-token.ts';
import { Rankings } from './rankings.ts';
import { replyOf } from './reply.ts';
import type { Accepted } from './request.ts';
import * as worlds from './rule-world.ts';
import { type World, itemIds, thingOf } from './rule-world.ts';

const versions = {
  personal: 'personal@000000000001',
  shared: 'shared@000000000001',
  variant: 'variant@000000000001',
} as const;

const contextOf = (of: World): ContextDefinition => {
  const parsed = parseContext(
    JSON.stringify({
      context: worlds.contextId,
      size: of.size,
      atLeast: Math.min(of.atLeast, of.size),
      rules: of.rules,
      pages: of.pages,
      ladder: of.ladder.map(({ model, category }, n) => ({
        step: `step-${n}`,
        model: versions[model],
        category,
      })),
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return parsed.value;
};

const candidates = (items: readonly string[]) =>
  items.map((itemId, n) => ({ itemId, score: 1 / (n + 1) }));

/** Lists as they are; of a session, its items. */
const modelsOf = (of: World): ReadonlyMap<string, ReadyModel> => {
  const retrieval = {
    sources: [],
    needsItems: false,
    trainer: null,
    wants: () => [],
    figures: () => [],
    rank: ({ recents }) => candidates(recents.map(({ itemId }) => itemId)),
    explain: null,
  } satisfies Partial<PersonalRetrieval>;
  const personal = (version: string, listPrefix: string) =>
    ({
      kind: 'personal',
      modelKind: 'toy',
      version,
      learned: [],
      ageMsMax: 1e9,
      retrieval,
      listPrefix,
    }) as unknown as PersonalModel;
  const shared = {
    kind: 'shared',
    version: versions.shared,
    learning: worlds.sharedLearning,
    learned: [worlds.sharedLearning],
    retrieval: {
      rank: (_: unknown, keep: (id: string) => boolean) => candidates(of.shared.filter(keep)),
    },
  } as unknown as SharedModel;
  return new Map<string, ReadyModel>([
    [versions.personal, personal(versions.personal, worlds.listPrefix)],
    [versions.variant, personal(versions.variant, 'variant_')],
    [versions.shared, shared],
  ]);
};

const assignedOf = ({ inExperiment }: World): Assigned | null =>
  inExperiment
    ? ({
        experiment: 'e',
        variant: 'v',
        replaces: { step: 'step-0', model: versions.variant },
        creditMs: 1,
        outcomeKinds: [],
      } as Assigned)
    : null;

const partsOf = async (of: World): Promise<AnsweringParts> => {
  const { redis, generations } = await worlds.storeOf(of);
  return {
    redis,
    generations,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models: modelsOf(of),
    experiments: { assign: () => assignedOf(of) },
    rankings: new Rankings(1_000),
    items: worlds.itemsOf(of),
    itemOffsets: () => [7],
    types: worlds.types,
    profileAttributes: worlds.profileNames,
    pages: new PageTokens({ key: null, prefix: 'p' }),
    nowMs: () => worlds.nowMs,
    monotonicMs: () => 0,
  };
};

const acceptedOf = (of: World, page: Accepted['page']): Accepted => ({
  kind: 'accepted',
  record: requestRecord(),
  reply: replyOf({}),
  request: {
    user_id: worlds.userId,
    context_id: worlds.contextId,
    count: null,
    exclude: of.excluded,
    session: of.session,
    deadline_at: null,
    attributes: of.asked === undefined ? {} : { country: of.asked },
    page_token: null,
  },
  context: { version: 'home@0123456789ab', revision: 1, definition: contextOf(of) },
  wanted: of.size,
  deadlineMs: null,
  page,
});

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
  const found = pages.open(
    token,
    { userId, contextId, contextVersion: 'home@0123456789ab' },
    worlds.nowMs,
  );
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
