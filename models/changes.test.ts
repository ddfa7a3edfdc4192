import { expect, test } from 'vitest';
import { type Change, type DefinitionFile, planChanges, type Published } from './changes.ts';
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
