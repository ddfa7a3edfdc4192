import { describe, expect, test } from 'vitest';

import type { Json, Parameter } from './parameter.ts';
import { bestOf, search, type SearchMethod, type SearchOptions, type Trial } from './search.ts';

const space: readonly Parameter[] = [
  { path: 'retrieval.x', min: 0, max: 10, scale: 'linear', step: null, orNull: false },
  { path: 'retrieval.rate', min: 0.001, max: 10, scale: 'log', step: null, orNull: false },
  { path: 'retrieval.n', min: 1, max: 50, scale: 'linear', step: 1, orNull: true },
  { path: 'learning.within', values: ['history', 'session', 'day'] },
];

const given: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['retrieval.x', 9],
  ['retrieval.rate', 5],
  ['retrieval.n', 40],
  ['learning.within', 'history'],
]);

/** Highest, 0, at x 2, rate 0.05, n null and 'session'. */
const height = (values: ReadonlyMap<string, Json>): number => {
  const x = values.get('retrieval.x') as number;
  const rate = values.get('retrieval.rate') as number;
  return -(
    ((x - 2) / 10) ** 2 +
    (Math.log10(rate / 0.05) / 4) ** 2 +
    (values.get('retrieval.n') === null ? 0 : 0.1) +
    (values.get('learning.within') === 'session' ? 0 : 0.1)
  );
};

const run = (
  method: SearchMethod,
  seed: number,
  more: Partial<SearchOptions> = {},
): Promise<readonly Trial[]> =>
  search({
    space,
    method,
    trials: 60,
    seed,
    start: (path) => given.get(path),
    isAllowed: () => true,
    measure: async (values) => height(values),
    onTrial: () => undefined,
    ...more,
  });

const valuesOf = (trials: readonly Trial[]) => trials.map(({ values }) => [...values]);

describe.each(['random', 'tpe'] as const)('a search (%s)', (method) => {
  test('tries the same for a seed, and something else for another', async () => {
    const first = valuesOf(await run(method, 1));
    expect(valuesOf(await run(method, 1))).toEqual(first);
    expect(valuesOf(await run(method, 2))).not.toEqual(first);
  });

  test('begins with what was given, stays within the space, and tries nothing twice', async () => {
    const trials = await run(method, 3);
    expect(trials[0]?.values).toEqual(given);
    expect(trials.length).toBe(61);
    expect(new Set(valuesOf(trials).map((one) => JSON.stringify(one))).size).toBe(61);
    for (const { values } of trials) {
      expect(values.get('retrieval.x')).toSatisfy((x: number) => x >= 0 && x <= 10);
      expect(values.get('retrieval.rate')).toSatisfy((rate: number) => rate >= 0.001 && rate <= 10);
      expect(values.get('retrieval.n')).toSatisfy(
        (n: number | null) => n === null || (Number.isInteger(n) && n >= 1 && n <= 50),
      );
    }
  });

  test('is broken off with the trials that it has', async () => {
    let measured = 0;
    const trials = await run(method, 4, {
      measure: async (values) => ((measured += 1) > 5 ? null : height(values)),
    });
    expect(trials.length).toBe(5);
    expect(bestOf(trials)).not.toBeNull();
  });

  test('ends when there is nothing left to try, and tries nothing that is not allowed', async () => {
    const trials = await run(method, 5, {
      space: [{ path: 'learning.within', values: ['history', 'session', 'day'] }],
      start: () => 'history',
      isAllowed: (values) => values.get('learning.within') !== 'day',
    });
    expect(trials.map(({ values }) => values.get('learning.within'))).toEqual([
      'history',
      'session',
    ]);
  });
});

describe('the planted optimum', () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  const lossesOf = (method: SearchMethod): Promise<number[]> =>
    Promise.all(seeds.map(async (seed) => -(bestOf(await run(method, seed))?.value ?? -1)));

  test('is found by TPE, nearer than by chance', async () => {
    const [tpe, random] = [await lossesOf('tpe'), await lossesOf('random')];
    const mean = (all: readonly number[]): number =>
      all.reduce((sum, one) => sum + one, 0) / all.length;
    // Both choices right, and within a tenth of either range.
    expect(tpe.filter((loss) => loss < 0.02).length).toBeGreaterThan(seeds.length / 2);
    expect(mean(tpe)).toBeLessThan(0.7 * mean(random));
  });

  test('is the first of the best on a tie', async () => {
    const trials = await run('tpe', 1, { measure: async () => 1 });
    expect(bestOf(trials)?.number).toBe(0);
  });
});
