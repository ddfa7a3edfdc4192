import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../models/model.ts';
import type { Rule } from '../../models/rules.ts';
import { kindBit, kindsMask, type SeenIndex } from '../../schemas/packed/seen-items.ts';
import { answer, type AnswerInput, type BoundRule } from './answer.ts';
import { bindRules } from './rules.ts';

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
    expect(answered).toEqual({ items: [], step: -1, held: [1], removed: { exclude: 1 } });
  });
});

const types = ['view', 'click', 'like', 'add_to_cart', 'purchase'];
const item = fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`);
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record(
    {
      rule: fc.constant('not-seen' as const),
      kinds: fc.subarray(types, { minLength: 1 }),
      withinDays: fc.integer({ min: 1, max: 20 }),
    },
    { requiredKeys: ['rule'] },
  ),
  fc.constant({ rule: 'available' as const }),
  fc.constant({ rule: 'exclude' as const }),
);
const dayMs = 86_400_000;
const atMs = 100 * dayMs;

interface Sight {
  readonly item: string;
  readonly type: string;
  readonly daysAgo: number;
}
const sight: fc.Arbitrary<Sight> = fc.record({
  item,
  type: fc.constantFrom(...types),
  daysAgo: fc.integer({ min: 0, max: 40 }),
});

/** As `seen-items` keeps it: per item all kinds, and the last time by any of them. */
const seenIndex = (sights: readonly Sight[]): SeenIndex => ({
  size: new Set(sights.map((one) => one.item)).size,
  since: null,
  has: (itemId, kinds, sinceMs) => {
    const own = sights.filter((one) => one.item === itemId);
    const mask = own.reduce((bits, one) => bits | kindBit(types, one.type), 0);
    const lastMs = Math.max(...own.map((one) => atMs - one.daysAgo * dayMs));
    return own.length > 0 && (mask & kinds) !== 0 && lastMs >= sinceMs;
  },
});

const scenario = fc.record({
  steps: fc.array(fc.array(item, { maxLength: 25 }), { maxLength: 4 }),
  rules: fc.array(rule, { maxLength: 4 }),
  sights: fc.array(sight, { maxLength: 40 }),
  unavailable: fc.array(item, { maxLength: 10 }),
  excluded: fc.array(item, { maxLength: 10 }),
  wanted: fc.integer({ min: 1, max: 12 }),
  atLeast: fc.integer({ min: 1, max: 12 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const run = (given: Scenario) =>
  answer({
    wanted: given.wanted,
    atLeast: given.atLeast,
    steps: given.steps.map((items) => () => list(...items)),
    rules: bindRules(given.rules, {
      seen: seenIndex(given.sights),
      available: (itemId) => !given.unavailable.includes(itemId),
      excluded: new Set(given.excluded),
      atMs,
      types,
    }),
  });

/** The rule, told from the events and not from what is stored. */
const forbidden = (given: Scenario, itemId: string): boolean =>
  given.rules.some((one) => {
    if (one.rule === 'available') return given.unavailable.includes(itemId);
    if (one.rule === 'exclude') return given.excluded.includes(itemId);
    return given.sights.some(
      (seen) =>
        seen.item === itemId &&
        (one.kinds === undefined ||
          (kindsMask(types, one.kinds) & kindBit(types, seen.type)) !== 0) &&
        (one.withinDays === undefined || seen.daysAgo <= one.withinDays),
    );
  });

describe('for any ladder, rules and history', () => {
  test('no answer holds an item that a rule forbids', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        for (const { itemId } of run(given).items) expect(forbidden(given, itemId)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('an answer holds each item once, at most as many as wanted, all from the ladder', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { items } = run(given);
        expect(new Set(items.map(({ itemId }) => itemId)).size).toBe(items.length);
        expect(items.length).toBeLessThanOrEqual(given.wanted);
        for (const { itemId, step } of items) expect(given.steps[step]).toContain(itemId);
      }),
    );
  });

  test('an answer is as full as the ladder allows', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { items } = run({ ...given, rules: [] });
        const there = new Set(given.steps.flat()).size;
        expect(items.length).toBe(Math.min(given.wanted, there));
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
});
