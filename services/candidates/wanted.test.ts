import { expect, test } from 'vitest';

import { bucketOf, isHeldOut, variantOf } from '../../experiments/assignment.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import {
  draftOf,
  type ExperimentRecord,
  experimentVersion,
  parseExperiment,
} from '../../experiments/definition.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { Stage } from './fakes.ts';
import { toyModel } from './toy-model.ts';
import { namedFirst, scopesOf, wantsOf } from './wanted.ts';

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

const experimentWith = (holdout: number): ExperimentRecord => {
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home',
      step: 'personal',
      variants,
      holdout,
      outcome: { kinds: ['purchase'] },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return draftOf(parsed.value);
};

const wantsWith = (change: Partial<ExperimentRecord>) => {
  const experiments = new Experiments();
  const record = { ...experimentWith(0), ...change };
  const name = 'nearer';
  experiments.take(name, { name, version: salt, revision: 1, content: JSON.stringify(record) });
  return wantsOf(catalogueNaming('blend@000000000001'), experiments);
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
  ['no buckets', { ...running, ranges: [] }],
  ['a stopped variant', { ...running, stops: [{ variant: 'b', why: 'worse' }] }],
  ['a stopped experiment', { ...running, state: 'stopped' as const }],
])('%s wants lists for nobody', (_, change) => {
  expect(those(change, 'blend@000000000002')).toEqual([]);
});

test('what a draft names is wanted by users who will be in its variant', () => {
  const draft = experimentWith(0.5);
  const { version } = experimentVersion(draft);
  const b = users.filter((user) => variantOf(version, user, variants) === 'b');
  const wanted = those(draft, 'blend@000000000002');
  expect(wanted).toEqual(b.filter((user) => !isHeldOut(bucketOf('default', user), 0.5)));
  expect(wanted.length).toBeGreaterThan(10);
  const started = { ...draft, ...running, salt: version };
  expect(those(started, 'blend@000000000002')).toEqual(wanted);
});

test('whose lists are wanted has a name, which a draft keeps when it starts', () => {
  const scopeWith = (change: Partial<ExperimentRecord>) => {
    const experiments = new Experiments();
    const record = { ...experimentWith(0), ...change };
    const { content } = experimentVersion(record);
    experiments.take('nearer', { name: 'nearer', version: salt, revision: 1, content });
    return scopesOf(catalogueNaming('blend@000000000001'), experiments);
  };
  const { version } = experimentVersion(experimentWith(0));
  expect(scopeWith({})('blend@000000000002')).toEqual([version]);
  expect(scopeWith(running)('blend@000000000002')).toEqual([version]);
  expect(scopeWith({ state: 'stopped' })('blend@000000000002')).toEqual([]);
  expect(scopeWith({})('blend@000000000001')).toBe('all');
});

test('lists are made for those who are wanted alone', async () => {
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
  expect(madeFor(tried)).toEqual(['bob']);
});

test('models that everybody has a list of come first', () => {
  const digits = ['1', '2', '3'].map((digit) => digit.repeat(12));
  const models = digits.map((digit) => toyModel(digit));
  const ordered = namedFirst(models, catalogueNaming(`toy@${digits[1]}`));
  expect(ordered.map(({ listPrefix }) => listPrefix)).toEqual([digits[1], digits[0], digits[2]]);
});
