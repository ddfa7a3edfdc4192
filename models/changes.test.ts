import { expect, test } from 'vitest';
import { type Change, type DefinitionFile, planChanges, type Published } from './changes.ts';
import { parseModel } from './definitions.ts';
import { kinds } from './kinds.ts';

const seen = { daysMax: 730, kinds: ['view', 'purchase'] };
const nothing: Published = { models: new Map(), contexts: new Map() };

const model = (halfLifeHours: number): DefinitionFile => ({
  name: 'trending.json',
  text: JSON.stringify({ model: 'trending', kind: 'trending', learning: { halfLifeHours } }),
});
const context = (change: object = {}): DefinitionFile => ({
  name: 'home.json',
  text: JSON.stringify({
    context: 'home',
    size: 10,
    ladder: [{ step: 'trending', model: 'trending' }],
    ...change,
  }),
});

const plan = (files: readonly DefinitionFile[], published: Published = nothing) => {
  const planned = planChanges(files, published, { kinds, seen });
  if (!planned.ok) throw new Error(planned.faults.join('\n'));
  return planned.value;
};
const after = (published: Published, changes: readonly Change[]): Published => {
  const models = new Map(published.models);
  const contexts = new Map(published.contexts);
  for (const { topic, key, record } of changes)
    (topic === 'models' ? models : contexts).set(key, record);
  return { models, contexts };
};

test('a first apply writes everything, contexts with exact model versions', () => {
  const { changes } = plan([context(), model(48)]);
  expect(changes.map(({ topic, record }) => [topic, record.revision])).toEqual([
    ['models', 1],
    ['contexts', 1],
  ]);
  expect(changes[1]?.record.content).toContain(changes[0]?.key);
});

test('a second apply writes nothing', () => {
  const { changes } = plan([context(), model(48)]);
  const again = plan([context(), model(48)], after(nothing, changes));
  expect([again.changes, again.unchanged.length]).toEqual([[], 2]);
});

test('a changed model is a new version, and its contexts follow with a higher revision', () => {
  const first = after(nothing, plan([context(), model(48)]).changes);
  const { changes } = plan([context(), model(24)], first);
  expect(changes.map(({ topic, record }) => [topic, record.revision])).toEqual([
    ['models', 1],
    ['contexts', 2],
  ]);
  expect(after(first, changes).models.size).toBe(2);
});

test('a context may pin a version that was published before', () => {
  const first = after(nothing, plan([context(), model(48)]).changes);
  const [version] = first.models.keys();
  const pinned = context({ ladder: [{ step: 'trending', model: version }] });
  expect(plan([pinned, model(24)], first).changes.map(({ topic }) => topic)).toEqual(['models']);
});

test('faults of all files are listed together, and nothing is planned', () => {
  const planned = planChanges(
    [
      model(-1),
      context({ rules: [{ rule: 'not-seen', withinDays: 999 }] }),
      { ...context(), name: 'more.json' },
      { name: 'note.json', text: '{}' },
      { name: 'half.json', text: '{' },
    ],
    nothing,
    { kinds, seen },
  );
  const faults = planned.ok ? [] : planned.faults;
  expect(faults.map((fault) => fault.split(':', 1)[0])).toEqual([
    'trending.json',
    'more.json',
    'note.json',
    'half.json',
    'home.json',
    'home.json',
  ]);
});

const faultsOf = (...files: readonly DefinitionFile[]): readonly string[] => {
  const planned = planChanges(files, nothing, { kinds, seen });
  return planned.ok ? [] : planned.faults.map((fault) => fault.replace(/^[^:]+: /, ''));
};

test('a model says the faults of its kind beside those of its own fields', () => {
  const text = JSON.stringify({
    model: 'Big Name',
    kind: 'trending',
    candidatesAgeMsMax: 1.5,
    extra: 1,
    learning: { halfLifeHours: -1, other: 2 },
    retrieval: 'none',
  });
  expect(faultsOf({ name: 'm.json', text }).map((fault) => fault.split(':', 1)[0])).toEqual([
    'model',
    'retrieval',
    'candidatesAgeMsMax',
    'extra',
    'learning.halfLifeHours',
    'learning.other',
  ]);
});

test('every source of a blend is checked, whatever is wrong beside it', () => {
  const text = JSON.stringify({
    model: 'b',
    kind: 'blend',
    retrieval: {
      depth: 1.5,
      sources: [
        { name: 'one', kind: 'trendy' },
        { name: 'one', kind: 'trending', learning: { halfLifeHours: -1, nosuch: 1 }, more: 1 },
        { name: 'Two', kind: 'co-visits', retrieval: { nosuch: 1 }, learning: 3 },
        7,
      ],
    },
  });
  const found = faultsOf({ name: 'm.json', text });
  expect(found.map((fault) => fault.split(':', 1)[0])).toEqual([
    'retrieval.depth',
    'retrieval.sources.1.more',
    'retrieval.sources.2.name',
    'retrieval.sources.2.learning',
    'retrieval.sources.3',
    'retrieval.sources.0.kind',
    'retrieval.sources.1.name',
    'retrieval.sources.1.learning.halfLifeHours',
    'retrieval.sources.1.learning.nosuch',
    'retrieval.sources.2.retrieval.nosuch',
  ]);
  expect(found).toContain('retrieval.sources.1.learning.nosuch: there is no such field');
});

test('a context with faults of its own says what it names that is not there', () => {
  const found = faultsOf(
    context({
      size: 1.5,
      atLeast: 6,
      sise: 3,
      rules: [{ rule: 'never' }, { rule: 'not-seen', kinds: ['buy'] }],
      ladder: [
        { step: 'a', model: 'nowhere' },
        { step: 'a', model: 'Not A Name' },
      ],
    }),
  );
  expect(found.map((fault) => fault.split(':', 1)[0])).toEqual([
    'size',
    'rules.0.rule',
    'ladder.1.model',
    'sise',
    'atLeast',
    'ladder.1',
    'rules.1.kinds',
    'ladder.0.model',
  ]);
});

test('an event type that there is none of is refused, in weights and in rules', () => {
  const learning = { typeWeights: { view: 1, purchse: 5 } };
  const sources = [
    { name: 'own', kind: 'trending' },
    { name: 'near', kind: 'co-visits', learning: { typeWeights: { buy: 2 } } },
  ];
  const text = JSON.stringify({ model: 'b', kind: 'blend', learning, retrieval: { sources } });
  expect(
    faultsOf(
      { name: 'm.json', text },
      model(48),
      context({ rules: [{ rule: 'not-seen', kinds: ['buy'] }] }),
    ),
  ).toEqual([
    "learning.typeWeights.purchse: no event type 'purchse' is configured (there are view, purchase; FRESHET_EVENT_TYPES adds to them)",
    "retrieval.sources.1.learning.typeWeights.buy: no event type 'buy' is configured (there are view, purchase; FRESHET_EVENT_TYPES adds to them)",
    "rules.0.kinds: no event type 'buy' is configured (there are view, purchase; FRESHET_EVENT_TYPES adds to them)",
  ]);
  // What was published before a type went stays readable.
  expect(parseModel(text, kinds).ok).toBe(true);
});
