import { expect, test } from 'vitest';

import { parseContext } from '../../models/definitions.ts';
import { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import { ContextRun } from './context-run.ts';
import { Cost, usEachOf } from './cost.ts';
import { Engine } from './engine.ts';
import { EventTableBuilder } from './event-table.ts';
import { eventsOf, modelOf, settings } from './fixtures.ts';
import { evaluate } from './run.ts';

const item = (id: string) => ({
  item_id: id,
  title: '',
  categories: [Number(id.slice(1)) % 2 === 0 ? 'even' : 'odd'],
  attributes: {},
  available_from: null,
  available_until: null,
});

const run = async (given: { readonly events: number; readonly kinds: readonly string[] }) => {
  const builder = new EventTableBuilder();
  for (const event of eventsOf(given.events, 5)) builder.add(event);
  const items = new ItemTable();
  // Items from i200 on are on no shelf.
  for (let n = 0; n < 200; n++) items.take(`i${n}`, item(`i${n}`));
  const definitions = given.kinds.map((kind) => modelOf(kind));
  const engine = new Engine({ definitions, kinds, settings, items, keepsSeen: true });
  const parsed = parseContext(
    JSON.stringify({
      context: 'shelf',
      size: 10,
      rules: [{ rule: 'not-seen' }, { rule: 'available' }],
      ladder: [
        { step: 'personal', model: given.kinds[0] },
        { step: 'even', model: 'trending', category: 'even' },
      ],
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const context = new ContextRun({
    definition: parsed.value,
    engine,
    items,
    types: settings.types,
  });
  const result = await evaluate(builder.table('made up'), {
    engine,
    contexts: [context],
    moment: 'ahead',
    choice: { from: { share: 0.8 }, sample: null },
    excludesSeen: false,
    ks: [20, 10],
    atLeast: 10,
    categoriesOf: (id) => new Set(item(id).categories),
    faults: 0,
    onProgress: () => undefined,
  });
  return result;
};

test('a result holds models and whole contexts, and adds up', async () => {
  const result = await run({ events: 1_500, kinds: ['co-visits', 'trending'] });
  const { protocol, evaluated } = result;
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(evaluated.map(({ what, list }) => [what, list])).toEqual([
    ['model', 'ahead'],
    ['model', 'shared'],
    ['context', 'context'],
  ]);
  for (const { quality, by_history: history, over_time: time, beyond } of evaluated) {
    expect(quality.tests).toBe(protocol.tests);
    for (const parts of [history, time])
      expect(parts.reduce((sum, part) => sum + part.quality.tests, 0)).toBe(protocol.tests);
    for (const { hr, mrr, ndcg } of quality.at) {
      expect(mrr ?? 1).toBeLessThanOrEqual(ndcg ?? 0);
      expect(ndcg ?? 1).toBeLessThanOrEqual(hr ?? 0);
    }
    for (const figure of Object.values(beyond)) expect(figure).not.toBeNaN();
  }
  const shelf = evaluated[2];
  // Its rules take everything off that a user had, so no return to an item is ever right.
  expect(shelf?.quality.at[1]?.hr).toBeLessThan(evaluated[0]?.quality.at[1]?.hr ?? 0);
  expect(shelf?.quality_new.tests).toBeLessThan(protocol.tests);
  const [hits, hitsNew] = [shelf?.quality, shelf?.quality_new].map(
    (quality) => (quality?.at[1]?.hr ?? 0) * (quality?.tests ?? 0),
  );
  expect(hits).toBeCloseTo(hitsNew ?? -1, 6);
  expect(shelf?.context?.removed_by.map(({ rule }) => rule).toSorted()).toEqual([
    'available',
    'not-seen',
  ]);
  const shares = shelf?.context?.answered_by.map(({ share }) => share) ?? [];
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
}, 60_000);

test('a list costs what it costs, whether it was logged or not', async () => {
  // So few events that every list of the blend opens an example.
  const { evaluated } = await run({ events: 60, kinds: ['blend', 'trending'] });
  const [blend, , shelf] = evaluated;
  expect(blend?.cost.logged_lists).toBeGreaterThan(0);
  expect(blend?.cost.us_per_prediction).toBe(blend?.cost.us_per_logged_list);
  expect(blend?.cost.us_per_prediction).toBeGreaterThan(0);
  expect(shelf?.cost.us_per_prediction).toBeGreaterThanOrEqual(blend?.cost.us_per_prediction ?? 0);
}, 60_000);

test('of lists that nobody made nothing is said', () => {
  expect(usEachOf([new Cost(), new Cost()])).toBeNull();
  const once = new Cost();
  once.times = 2;
  once.us = 30;
  expect(usEachOf([new Cost(), once])).toBe(15);
});
