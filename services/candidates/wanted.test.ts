import { expect, test } from 'vitest';

import { variantOf } from '../../experiments/assignment.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { draftOf, type ExperimentRecord, parseExperiment } from '../../experiments/definition.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { Stage } from './fakes.ts';
import { toyModel } from './toy-model.ts';
import { namedFirst, wantsOf } from './wanted.ts';

const salt = 'nearer@000000000001';
const variants = [
  { variant: 'a', model: 'blend@000000000001', weight: 0.5 },
  { variant: 'b', model: 'blend@000000000002', weight: 0.5 },
];
const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);

const catalogueNaming = (model: string): Catalogue => {
  const catalogue = new Catalogue(kinds);
  const ladder = [{ step: 'personal', model }];
  const content = JSON.stringify({ context: 'home', size: 10, ladder });
  catalogue.takeContext('home', { name: 'home', version: 'home@1', revision: 1, content });
  expect([...catalogue.contexts.keys()]).toEqual(['home']);
  return catalogue;
};

const wantsWith = (change: Partial<ExperimentRecord>) => {
  const catalogue = catalogueNaming('blend@000000000001');
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home',
      step: 'personal',
      variants,
      outcome: { kinds: ['purchase'] },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const experiments = new Experiments();
  const record = { ...draftOf(parsed.value), ...change };
  const name = 'nearer';
  experiments.take(name, { name, version: salt, revision: 1, content: JSON.stringify(record) });
  return wantsOf(catalogue, experiments);
};

const running = { state: 'running', salt, ranges: [[0, 10_000]] } as const;
const those = (change: Partial<ExperimentRecord>, version: string): string[] =>
  users.filter((user) => wantsWith(change)(version, user, 0));

test('what an experiment alone names is wanted by users of its variant', () => {
  const b = users.filter((user) => variantOf(salt, user, variants) === 'b');
  expect(b.length).toBeGreaterThan(30);
  expect(b.length).toBeLessThan(70);
  expect(those(running, 'blend@000000000002')).toEqual(b);
});

test('what a ladder names is wanted by everybody, whoever is in an experiment', () => {
  expect(those(running, 'blend@000000000001')).toEqual(users);
});

test.each([
  ['a draft', {}],
  ['no buckets', { ...running, ranges: [] }],
  ['a stopped variant', { ...running, stops: [{ variant: 'b', why: 'worse' }] }],
  ['a stopped experiment', { ...running, state: 'stopped' as const }],
])('%s wants lists for nobody', (_, change) => {
  expect(those(change, 'blend@000000000002')).toEqual([]);
});

test('lists are made for those who are wanted, and for those who always train', async () => {
  const [own, tried] = [toyModel('mv4_'), toyModel('nx7_', 'other-weights')];
  const wants = (version: string, user: string): boolean =>
    version === own.version || user === 'bob';
  const stage = new Stage([own, tried], { wants });
  for (const user of ['ann', 'bob', 'alma']) stage.visit(user);
  stage.learn(-1);
  stage.features(3);
  const { result } = await stage.run();
  const keys = result.kind === 'write' ? result.writes.map(({ key }) => key) : [];
  const madeFor = ({ listPrefix }: typeof own): string[] =>
    keys.flatMap((key) => (key.startsWith(listPrefix) ? [key.slice(listPrefix.length)] : []));
  expect(madeFor(own)).toEqual(['ann', 'bob', 'alma']);
  expect(madeFor(tried)).toEqual(['bob', 'alma']);
});

test('models that everybody has a list of come first', () => {
  const digits = ['1', '2', '3'].map((digit) => digit.repeat(12));
  const models = digits.map((digit) => toyModel(digit));
  const ordered = namedFirst(models, catalogueNaming(`toy@${digits[1]}`));
  expect(ordered.map(({ listPrefix }) => listPrefix)).toEqual([digits[1], digits[0], digits[2]]);
});
