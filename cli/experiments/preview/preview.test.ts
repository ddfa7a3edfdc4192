import { expect, test } from 'vitest';

import { offPolicy } from '../../../experiments/off-policy/estimate.ts';
import { contextSchema, modelVersion } from '../../../models/definitions.ts';
import { kinds } from '../../../models/kinds.ts';
import { randomOf } from '../../../bench/micro/synthetic.ts';
import { ContextRun } from '../../evaluate/context-run.ts';
import { Engine } from '../../evaluate/engine.ts';
import { type EventTable, EventTableBuilder } from '../../evaluate/event-table.ts';
import { eventsOf, modelOf, settings } from '../../evaluate/fixtures.ts';
import type { Credit } from '../logs/credit.ts';
import type { Shown } from '../logs/shown.ts';
import { type Compared, placesOf } from './places.ts';
import { answeredBy, compareAll, withoutExploring } from './preview.ts';
import { Target } from './target.ts';
import { previewText } from './text.ts';

const shownOf = (answer: number, userId: string, given: Partial<Shown> = {}): Shown => ({
  answerId: `a${answer}`,
  userId,
  servedMs: answer,
  answeredBy: 'mine',
  items: [],
  ...given,
});

const model = modelOf('co-visits');
const context = contextSchema.parse({
  context: 'home',
  size: 5,
  rules: [{ rule: 'not-seen' }],
  ladder: [{ step: 'mine', model: 'another@0123456789ab' }],
});

const targetFor = (users: ReadonlySet<string>): Target => {
  const definitions = [model];
  const engine = new Engine({ definitions, kinds, settings, items: null, keepsSeen: true });
  const definition = answeredBy(context, 'mine', model);
  const { types } = settings;
  const run = new ContextRun({ definition, engine, items: null, types });
  return new Target({ engine, context: run, users });
};

/** Events come in their order, whenever they say that they happened. */
const history = (count: number): EventTable => {
  const builder = new EventTableBuilder();
  for (const [at, event] of eventsOf(count).entries()) builder.add({ ...event, orderMs: 10 * at });
  return builder.table('history');
};

test('knows at each answer what had come before it, and nothing else', async () => {
  const shown = Array.from({ length: 8 }, (_, n) =>
    shownOf(n, `u${n % 5}`, { servedMs: 1_000 + n * 500 }),
  );
  const users = new Set(shown.map(({ userId }) => userId));
  const together = await compareAll(history(500), shown, { target: targetFor(users) });
  expect(together.filter(({ target }) => target.length > 0).length).toBeGreaterThan(3);
  for (const { shown: one, target } of together) {
    const before = history(Math.ceil(one.servedMs / 10));
    const [alone] = await compareAll(before, [one], { target: targetFor(users) });
    expect(alone?.target).toEqual(target);
  }
});

test('the step that answered gets the model, without its exploration', () => {
  const blend = modelOf('blend', { retrieval: { exploration: { share: 0.2, places: 7 } } });
  expect(withoutExploring(blend).retrieval['exploration']).toEqual({ share: 0, places: 7 });
  expect(withoutExploring(model)).toBe(model);
  const { version } = modelVersion(model);
  const two = { ...context, ladder: [...context.ladder, { ...context.ladder[0]!, step: 'other' }] };
  expect(answeredBy(two, 'other', model).ladder.map((one) => one.model)).toEqual([
    'another@0123456789ab',
    version,
  ]);
  expect(answeredBy(two, 'gone', model).ladder[0]?.model).toBe(version);
});

/** Two places, six items, each shown anywhere with equal chance; the later an item, the better. */
const explored = (answers: number): { compared: Compared[]; credits: Credit[] } => {
  const random = randomOf(7);
  const compared: Compared[] = [];
  const credits: Credit[] = [];
  for (let answer = 0; answer < answers; answer++) {
    const drawn = [0, 1].map(() => Math.floor(random() * 6));
    const userId = `u${answer % (answers / 2)}`;
    const items = drawn.map((item) => ({ itemId: `i${item}`, propensity: 1 / 6 }));
    const shown = shownOf(answer, userId, { items });
    compared.push({ shown, target: ['i5', 'i4'] });
    for (const [place, item] of drawn.entries()) {
      if (random() >= 0.05 * item) continue;
      const act = { userId, itemId: `i${item}`, type: 'click', value: 0, ...never };
      credits.push({ shown, act, place });
    }
  }
  return { compared, credits };
};
const never = { appendedMs: 0, occurredMs: 0, answerId: null, contextId: null };

test('estimates what the other would have brought', () => {
  const { compared, credits } = explored(12_000);
  const made = offPolicy(placesOf(compared, credits));
  if (!made.ok) throw new Error(made.reason);
  const { logged, ips, snips, doublyRobust } = made.estimates;
  for (const one of [ips, snips, doublyRobust]) {
    expect(one?.low).toBeLessThan(0.225);
    expect(one?.high).toBeGreaterThan(0.225);
  }
  expect(logged.estimate).toBeCloseTo(0.125, 1);
  const said = previewText({ ...made, model: 'm@1', context: 'home', answers: 12_000 });
  expect(said).toContain('m@1 would have brought more than what was shown');
});

test('leaves out what was shown without a known chance, and refuses in a sentence', () => {
  const { compared, credits } = explored(400);
  const unknown = compared.map((one) => ({
    ...one,
    shown: { ...one.shown, items: one.shown.items.map((item) => ({ ...item, propensity: null })) },
  }));
  expect(placesOf(unknown, credits)).toEqual([]);
  const said = previewText({ ...offPolicy([]), model: 'm@1', context: 'home', answers: 400 });
  expect(said).toMatch(/Nothing was shown with a known chance/);
  expect(said).toContain('"exploration": {"share": 0.1}');
  const apart = compared.map((one) => ({ ...one, target: ['x', 'y'] }));
  const refused = offPolicy(placesOf(apart, credits));
  expect(refused.ok).toBe(false);
  const text = previewText({ ...refused, model: 'm@1', context: 'home', answers: 400 });
  expect(text).toMatch(/Too little overlap/);
  expect(text).not.toMatch(/NaN|Infinity/);
});

test('what is expected of an item is not learned from what it is compared with', () => {
  const one = shownOf(1, 'ann', { items: [{ itemId: 'i', propensity: 0.5 }] });
  const two = shownOf(2, 'bob', { items: [{ itemId: 'i', propensity: 0.5 }] });
  const act = { userId: 'ann', itemId: 'i', type: 'click', value: 0, ...never };
  const compared = [one, two].map((shown) => ({ shown, target: ['i'] }));
  const places = placesOf(compared, [{ shown: one, act, place: 0 }]);
  expect(places.map(({ modelReward }) => modelReward)).toEqual([0, 1]);
  expect(places.map(({ reward }) => reward)).toEqual([1, 0]);
});
