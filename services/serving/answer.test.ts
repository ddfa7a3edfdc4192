import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../models/model.ts';
import { answer, type AnswerInput, type BoundRule, type Candidates } from './answer.ts';

const list = (...items: string[]): Candidate[] =>
  items.map((itemId, index) => ({ itemId, score: 1 / (index + 1) }));
const removing = (name: BoundRule['name'], ...items: string[]): BoundRule => ({
  name,
  removes: (item) => items.includes(item),
});
const ask = (change: Partial<AnswerInput>): AnswerInput => ({
  wanted: 3,
  atLeast: 2,
  steps: [],
  rules: [],
  ...change,
});
const itemsOf = (input: AnswerInput): string[] => answer(input).items.map(({ itemId }) => itemId);

describe('the ladder', () => {
  test('is answered by the first step alone when that fills the answer', () => {
    let looked = false;
    const later = (): Candidate[] => {
      looked = true;
      return list('x');
    };
    const answered = answer(ask({ steps: [() => list('a', 'b', 'c', 'd'), later] }));
    expect(answered.items.map(({ itemId }) => itemId)).toEqual(['a', 'b', 'c']);
    expect([answered.step, answered.held, looked]).toEqual([0, [4], false]);
  });

  test('makes no more of a list than it looks at', () => {
    const all = list('a', 'b', 'c', 'd', 'e', 'f');
    const made: number[] = [];
    const stored: Candidates = {
      length: all.length,
      at: (n) => {
        made.push(n);
        return all[n];
      },
    };
    const rules = [removing('available', 'b')];
    expect(itemsOf(ask({ steps: [() => stored], rules }))).toEqual(['a', 'c', 'd']);
    expect(made).toEqual([0, 1, 2, 3]);
  });

  test('is filled up by later steps, each item once', () => {
    const steps = [() => list('a', 'b'), () => list('b', 'c', 'd')];
    expect(itemsOf(ask({ steps }))).toEqual(['a', 'b', 'c']);
    expect(answer(ask({ steps })).items.map(({ step }) => step)).toEqual([0, 0, 1]);
  });

  test('passes over a step with too few items, and fills up with them after', () => {
    const steps = [() => list('a'), () => list('b', 'c')];
    expect(itemsOf(ask({ steps }))).toEqual(['b', 'c', 'a']);
    expect(answer(ask({ steps })).step).toBe(1);
  });

  test('answers with what there is when no step has enough', () => {
    const steps = [() => [], () => list('b'), () => list('c')];
    const answered = answer(ask({ steps, atLeast: 3 }));
    expect([itemsOf(ask({ steps, atLeast: 3 })), answered.step]).toEqual([['b', 'c'], 1]);
  });

  test('counts what rules left, not what a step held', () => {
    const rules = [removing('available', 'a', 'b')];
    const steps = [() => list('a', 'b', 'c'), () => list('d', 'e', 'f')];
    const answered = answer(ask({ steps, rules }));
    expect(answered.step).toBe(1);
    expect(answered.removed).toEqual({ available: 2 });
  });

  test('says so when rules leave nothing', () => {
    const answered = answer(ask({ steps: [() => list('a')], rules: [removing('exclude', 'a')] }));
    expect(answered).toMatchObject({
      items: [],
      step: -1,
      held: [1],
      removed: { exclude: 1 },
      rest: [],
    });
  });
});

describe('the chance of an item at its place in the list', () => {
  const drawn = (...items: string[]): Candidate[] =>
    list(...items).map((one, at) => ({ ...one, propensity: 0.9 - at / 10 }));
  const chances = (input: AnswerInput) => answer(input).items.map(({ propensity }) => propensity);

  test('is said while the answer is the list', () =>
    expect(chances(ask({ steps: [() => drawn('a', 'b', 'c', 'd')] }))).toEqual([0.9, 0.8, 0.7]));

  test('is not said below an item that a rule removed: there it was not shown by it', () => {
    const rules = [removing('available', 'b')];
    const [first, ...others] = answer(
      ask({ steps: [() => drawn('a', 'b', 'c', 'd')], rules }),
    ).items;
    expect(first).toEqual({ itemId: 'a', score: 1, propensity: 0.9, step: 0 });
    expect(others.map((one) => [one.itemId, 'propensity' in one])).toEqual([
      ['c', false],
      ['d', false],
    ]);
  });

  test('is not said of what another step fills in, though it has the same place in its list', () => {
    const steps = [() => drawn('a', 'b'), () => drawn('x', 'y', 'c')];
    const rules = [removing('available', 'x', 'y')];
    expect(chances(ask({ steps, rules }))).toEqual([0.9, 0.8, undefined]);
  });
});

const item = fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`);
const scenario = fc.record({
  steps: fc.array(fc.array(item, { maxLength: 25 }), { maxLength: 4 }),
  removed: fc.array(item, { maxLength: 10 }),
  /** So many of each of three sorts; 0: no such rule. */
  perSort: fc.integer({ min: 0, max: 4 }),
  wanted: fc.integer({ min: 1, max: 12 }),
  atLeast: fc.integer({ min: 1, max: 12 }),
  beyond: fc.constantFrom(0, 5),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const sortOf = (itemId: string): number => Number(itemId.slice(1)) % 3;
const perSort = (most: number): BoundRule => ({
  name: 'at-most',
  removes: () => false,
  tally: () => {
    const counts = [0, 0, 0];
    return {
      removes: (itemId) => (counts[sortOf(itemId)] ?? 0) >= most,
      add: (itemId) => void (counts[sortOf(itemId)] = (counts[sortOf(itemId)] ?? 0) + 1),
    };
  },
});

const run = (given: Scenario) =>
  answer({
    ...given,
    steps: given.steps.map((items) => () => list(...items)),
    rules: [
      removing('exclude', ...given.removed),
      ...(given.perSort === 0 ? [] : [perSort(given.perSort)]),
    ],
  });

const ids = (items: readonly { readonly itemId: string }[]): string[] =>
  items.map(({ itemId }) => itemId);

describe('for any ladder and rules', () => {
  test('no answer holds an item that is removed, or more of a sort than may be', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const kept = ids(run(given).items);
        expect(kept.filter((one) => given.removed.includes(one))).toEqual([]);
        if (given.perSort === 0) return;
        for (const sort of [0, 1, 2])
          expect(kept.filter((one) => sortOf(one) === sort).length).toBeLessThanOrEqual(
            given.perSort,
          );
      }),
      { numRuns: 500 },
    );
  });

  test('an answer holds each item once, at most as many as wanted, all from the ladder', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { items } = run(given);
        expect(new Set(ids(items)).size).toBe(items.length);
        expect(items.length).toBeLessThanOrEqual(given.wanted);
        for (const { itemId, step } of items) expect(given.steps[step]).toContain(itemId);
      }),
    );
  });

  test('an answer is as full as the ladder and the rules allow', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const left = [...new Set(given.steps.flat())].filter((one) => !given.removed.includes(one));
        const most = given.perSort === 0 ? Infinity : given.perSort;
        const there = [0, 1, 2].map((sort) => left.filter((one) => sortOf(one) === sort).length);
        const room = there.reduce((sum, count) => sum + Math.min(count, most), 0);
        expect(run(given).items.length).toBe(Math.min(given.wanted, room));
      }),
    );
  });

  test('the first item is from the step that answered', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const answered = run(given);
        expect(answered.items[0]?.step ?? -1).toBe(answered.step);
      }),
    );
  });

  test('what is left for a next page is of the ladder, was not shown, and is there once', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { items, rest } = run(given);
        expect(rest.length).toBeLessThanOrEqual(given.beyond);
        const [shown, left] = [ids(items), ids(rest)];
        expect(left.filter((one) => shown.includes(one))).toEqual([]);
        for (const { itemId, step } of rest) expect(given.steps[step]).toContain(itemId);
        expect(new Set(left).size).toBe(left.length);
      }),
    );
  });
});
