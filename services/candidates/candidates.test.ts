import { expect, test } from 'vitest';

import type { Known } from '../../models/catalogue.ts';
import { type ModelDefinition, modelVersion, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { decodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { profileOf } from '../../models/profile.ts';
import { personalModels } from '../../retrieval/personal-models.ts';
import { chunksOf, listRow, subjectOf } from './candidates.ts';

function known(content: object): [string, Known<ModelDefinition>] {
  const parsed = parseModel(JSON.stringify(content), kinds);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const { version, definition } = modelVersion(parsed.value);
  return [version, { version, revision: 1, definition }];
}

test('only models that rank by profile keep a list per user', () => {
  const inUse = new Map([
    known({ model: 'co-visits', kind: 'co-visits' }),
    known({ model: 'trending', kind: 'trending' }),
  ]);
  const [model, ...others] = personalModels(inUse, kinds);
  expect(others).toEqual([]);
  expect(model?.version).toMatch(/^co-visits@/);
  expect(model?.learned[0]).toMatch(/^learning:co-visits-/);
  expect(model?.listPrefix).toBe(listPrefix(model?.version ?? ''));
});

test('versions that learn alike share what was learned, and have lists of their own', () => {
  const [one, other] = personalModels(
    new Map([
      known({ model: 'near', kind: 'co-visits', retrieval: { depth: 10 } }),
      known({ model: 'far', kind: 'co-visits', retrieval: { depth: 50 } }),
    ]),
    kinds,
  );
  expect(one?.learned).toEqual(other?.learned);
  expect(one?.listPrefix).not.toBe(other?.listPrefix);
});

test.each(['co-visits', 'blend'])(
  'a longer list of %s is of the same learning, weights and order',
  (kind) => {
    const [model] = personalModels(
      new Map([known({ model: 'm', kind, retrieval: { depth: 40 } })]),
      kinds,
    );
    const deep = model?.deep?.retrieval(3);
    expect(model?.deep?.depth).toBe(40);
    expect(deep?.sources).toEqual(model?.retrieval.sources);
    expect(deep?.trainer?.name).toBe(model?.retrieval.trainer?.name);
    expect(model?.deep?.retrieval(3)).toBe(deep);
  },
);

test('a version that is still in use is not made again', () => {
  const inUse = new Map([known({ model: 'm', kind: 'co-visits' })]);
  const made = personalModels(inUse, kinds);
  const again = personalModels(
    new Map([...inUse, known({ model: 'n', kind: 'blend' })]),
    kinds,
    made,
  );
  expect(again).toHaveLength(2);
  expect(again[0]).toBe(made[0]);
});

test('a row is named by model version and user, and says what it was made from', () => {
  const subject = { userId: 'ann', profile: profileOf('ann', []), newestAtMs: 5000 };
  const [model] = personalModels(new Map([known({ model: 'm', kind: 'co-visits' })]), kinds);
  if (model === undefined) throw new Error('no model');
  const made = { candidates: [{ itemId: 'x', score: 1 }], profileOffset: 7, computedAtMs: 9000 };
  const { key, value } = listRow(subject, model, made);
  expect(key).toBe(`${model.listPrefix}ann`);
  expect(decodeCandidates(value)).toEqual({ ...made, newestAtMs: 5000 });
});

test('a user of whom nothing is known is no subject', () =>
  expect(subjectOf('stranger', { features: null, seen: null }, [])).toBeNull());

test('chunks keep the order', () =>
  expect(chunksOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]));
