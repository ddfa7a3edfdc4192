import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { modelOf } from '../evaluate/fixtures.ts';
import { type Parameter, placeOf, valueAt, valueIn, withValues } from './parameter.ts';
import { parseSpace, spaceOf } from './space.ts';

const derived = (kind: string): readonly Parameter[] => {
  const found = kinds.get(kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return spaceOf(modelOf(kind), { file: undefined, kind: found });
};

describe('ranges derived from a kind', () => {
  test.each([...kinds.keys()])('%s: every end makes a definition that it takes', (kind) => {
    const space = derived(kind);
    expect(space.length).toBeGreaterThan(0);
    for (const place of [0, 0.5, 1, null]) {
      for (const parameter of space) {
        const values = new Map([[parameter.path, atPlace(parameter, place)]]);
        const parsed = parseModel(JSON.stringify(withValues(modelOf(kind), values)), kinds);
        expect(parsed.ok ? [] : parsed.faults).toEqual([]);
      }
    }
  });

  test('wide ones lie around what the definition says', () => {
    const found = new Map(derived('co-visits').map((one) => [one.path, one]));
    const scale = { scale: 'log', step: null };
    expect(found.get('learning.halfLifeDays')).toMatchObject({ ...scale, min: 6, max: 600 });
    expect(found.get('retrieval.shrink')).toMatchObject({ ...scale, min: 0, max: 100 });
    expect(found.get('learning.within')).toMatchObject({ values: ['history', 'session'] });
    expect(found.has('retrieval.depth')).toBe(false);
    expect(found.has('learning.typeWeights')).toBe(false);
  });
});

const atPlace = (parameter: Parameter, place: number | null) => {
  if ('values' in parameter)
    return valueAt(parameter, Math.round((place ?? 0) * (parameter.values.length - 1)));
  return valueAt(parameter, place === null && !parameter.orNull ? 0.3 : place);
};

describe('places and values', () => {
  const range = (given: object): Parameter => ({
    path: 'retrieval.x',
    min: 0,
    max: 100,
    scale: 'log',
    step: null,
    orNull: true,
    ...given,
  });

  test('a logarithmic range may begin at 0', () => {
    expect(valueAt(range({}), 0)).toBe(0);
    expect(valueAt(range({}), 1)).toBe(100);
    expect(valueAt(range({}), 2 / 3)).toBeCloseTo(10, 1);
  });

  test.each([{}, { min: 1 }, { scale: 'linear' }])('a value has its place (%j)', (given) => {
    for (const value of [1, 10, 55, 100, null])
      expect(valueAt(range(given), placeOf(range(given), value))).toBe(value);
  });

  test('what lies outside counts as the nearest end', () => {
    expect(placeOf(range({}), 5_000)).toBe(1);
    expect(placeOf(range({ scale: 'linear' }), -3)).toBe(0);
  });

  test('a value goes where its path says, and the rest stays', () => {
    const model = modelOf('co-visits');
    const made = withValues(model, new Map([['learning.typeWeights.view', 0.5]]));
    expect(valueIn(made, 'learning.typeWeights.view')).toBe(0.5);
    expect(valueIn(made, 'retrieval.shrink')).toBe(10);
    expect(valueIn(model, 'learning.typeWeights.view')).toBeUndefined();
  });
});

describe('a file of ranges', () => {
  test('is read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'freshet-space-'));
    const file = join(folder, 'space.json');
    writeFileSync(
      file,
      '{"retrieval.shrink":{"min":0,"max":9},"learning.within":{"values":[1,2]}}',
    );
    const kind = kinds.get('co-visits') as NonNullable<ReturnType<typeof kinds.get>>;
    expect(spaceOf(modelOf('co-visits'), { file, kind }).map(({ path }) => path)).toEqual([
      'retrieval.shrink',
      'learning.within',
    ]);
    rmSync(folder, { recursive: true });
    expect(() => spaceOf(modelOf('co-visits'), { file, kind })).toThrow('cannot be read');
  });

  test.each([
    ['not JSON', '{', 'is not JSON'],
    ['no object', '[]', 's.json'],
    ['no field', '{}', 'names no field'],
    ['a path outside', '{"model":{"values":[1,2]}}', 'must be learning. or retrieval.'],
    ['ends crossed', '{"retrieval.x":{"min":3,"max":2}}', 'min must be below max'],
    ['a logarithm of less than 0', '{"retrieval.x":{"min":-1,"max":2,"scale":"log"}}', 'below 0'],
    ['one choice', '{"retrieval.x":{"values":[1]}}', 'retrieval.x'],
    ['a field too many', '{"retrieval.x":{"min":1,"max":2,"whole":true}}', 'retrieval.x'],
  ])('is refused in words: %s', (_, text, words) => {
    expect(() => parseSpace('s.json', text)).toThrow(words);
  });
});
