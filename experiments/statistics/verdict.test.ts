import { expect, test } from 'vitest';

import { type ExperimentDefinition, experimentSchema } from '../definition.ts';
import { type ExperimentFigures, noFigures, type VariantFigures } from './figures.ts';
import { noSums } from './sums.ts';
import { verdict } from './verdict.ts';

const definition = experimentSchema.parse({
  experiment: 'blends',
  context: 'home',
  variants: [
    { variant: 'a', model: 'blend', weight: 0.5 },
    { variant: 'b', model: 'popular', weight: 0.5 },
  ],
  outcome: { kinds: ['click', 'purchase'], measure: 'any', withinHours: 24 },
  relativeEffect: 0.1,
});
const three = experimentSchema.parse({
  ...definition,
  variants: ['a', 'b', 'c'].map((variant) => ({ variant, model: `of-${variant}`, weight: 1 / 3 })),
});

const of = (variant: string, users: number, ones: number): VariantFigures => ({
  ...noFigures(variant),
  exposed: users,
  outcome: { ...noSums, n: users, y: ones, yy: ones },
});

const figuresOf = (...variants: readonly VariantFigures[]): ExperimentFigures => ({
  experiment: 'blends',
  variants,
  multiple: 0,
  late: 0,
  firstExposureMs: 0,
  lastExposureMs: 10 * 86_400_000,
  course: [],
});

const said = (figures: ExperimentFigures, of: ExperimentDefinition = definition) => {
  const { kind, winner, sentence } = verdict(figures, of);
  return { kind, winner, sentence };
};

test('says who is better, by how much and how sure', () => {
  expect(said(figuresOf(of('a', 5_000, 500), of('b', 5_000, 700)))).toEqual({
    kind: 'found',
    winner: 'b',
    sentence:
      "'b' is better than the control 'a' by +40 % (+17.7 % to +67.6 %) in the share of users with click or purchase, at 95 % certainty, whenever looked at.",
  });
  expect(said(figuresOf(of('a', 5_000, 700), of('b', 5_000, 500)))).toMatchObject({
    kind: 'found',
    winner: 'a',
    sentence: expect.stringMatching(
      /^The control 'a' is better than the other: 'b' -28\.6 % \(-40\.3 % to -15 %\) in the share/,
    ),
  });
});

test('the control wins only if it is better than all others; the best of the better wins', () => {
  const worse = of('b', 5_000, 400);
  const open = figuresOf(of('a', 5_000, 700), worse, of('c', 5_000, 690));
  expect(said(open, three)).toMatchObject({ kind: 'undecided', winner: null });
  const all = figuresOf(of('a', 5_000, 700), worse, of('c', 5_000, 500));
  expect(said(all, three)).toMatchObject({ kind: 'found', winner: 'a' });
  const best = figuresOf(of('a', 5_000, 500), of('b', 5_000, 700), of('c', 5_000, 800));
  expect(said(best, three)).toMatchObject({ kind: 'found', winner: 'c' });
});

test('says what is missing', () => {
  const { kind, sentence, missing } = verdict(
    figuresOf(of('a', 5_000, 500), of('b', 5_000, 510)),
    definition,
  );
  expect(kind).toBe('undecided');
  expect(missing?.users).toBeGreaterThan(20_000);
  expect(missing?.days).toBeCloseTo((missing?.users ?? 0) / 1_000 + 1, 6);
  expect(sentence).toMatch(
    /^No difference found yet in the share of users with click or purchase: 'b' \+2 % .* To find one of 10 % it needs about \d+ users more, \d+ days\.$/,
  );
});

test('waits for nobody where nobody comes any more', () => {
  const open = figuresOf(of('a', 5_000, 500), of('b', 5_000, 510));
  const { kind, sentence, missing } = verdict(open, definition, { nobodyComes: true });
  expect(kind).toBe('undecided');
  expect(missing).toBeNull();
  expect(sentence).toMatch(
    /^No difference found in the share of users with click or purchase: 'b' \+2 % \([^)]*\)\.$/,
  );
  const few = figuresOf(of('a', 20, 10), of('b', 20, 10));
  expect(verdict(few, definition, { nobodyComes: true }).sentence).toMatch(
    /^Nothing can be said: 'a' has 20 users whose 24 hours are over, and at least 100 are needed/,
  );
});

test('says that a difference should have shown, also where nobody comes any more', () => {
  const many = figuresOf(of('a', 30_000, 3_000), of('b', 30_000, 3_150));
  const { sentence, missing } = verdict(many, definition, { nobodyComes: true });
  expect(missing).toEqual({ users: 0, days: null });
  expect(sentence).toMatch(/A difference of 10 % should have shown by now\.$/);
});

test('says that it is too early, and why', () => {
  expect(said(figuresOf())).toEqual({
    kind: 'too_early',
    winner: null,
    sentence:
      "Too early to say: 'a' has 0 users whose 24 hours are over, and at least 100 are needed of each variant.",
  });
  expect(said(figuresOf(of('a', 1_000, 100), of('b', 1_000, 12))).sentence).toBe(
    "Too early to say: the outcome of 'b' rests on about 12 of its 1000 users, and must on at least 30 of each variant.",
  );
});

test('says that differences are too small to matter', () => {
  expect(said(figuresOf(of('a', 500_000, 50_000), of('b', 500_000, 50_010)))).toEqual({
    kind: 'nothing',
    winner: null,
    sentence:
      'No difference that would matter: the share of users with click or purchase differs by less than 10 % between all variants and the control, at 95 % certainty.',
  });
});

test('believes nothing where users did not fall by the weights', () => {
  const skewed = figuresOf(of('a', 5_000, 500), of('b', 6_000, 1_000));
  expect(said(skewed)).toEqual({
    kind: 'not_to_be_believed',
    winner: null,
    sentence:
      "Do not believe these figures: users did not fall to the variants by their weights ('a' 5000, 'b' 6000; p below 0.0001); find out why before anything else.",
  });
});

test('believes nothing where users saw several variants, or one model differs from itself', () => {
  const good = figuresOf(of('a', 5_000, 500), of('b', 5_000, 700));
  expect(said({ ...good, multiple: 300 }).sentence).toMatch(/: 2\.9 % of the users saw more than/);
  expect(said({ ...good, multiple: 90 }).kind).toBe('found');
  expect(said(good, { ...definition, mode: 'aa' })).toMatchObject({
    kind: 'not_to_be_believed',
    sentence: expect.stringContaining('though both are the same model'),
  });
});

test('a stopped variant neither wins nor counts for the sample ratio', () => {
  const figures = figuresOf(of('a', 5_000, 500), of('b', 1_000, 300), of('c', 5_000, 700));
  const { winner, srmP, comparisons } = verdict(figures, three, { stopped: ['b'] });
  expect(winner).toBe('c');
  expect(srmP).toBeGreaterThan(0.5);
  expect(comparisons.map(({ isStopped }) => isStopped)).toEqual([true, false]);
  const both = verdict(figuresOf(of('a', 500, 50), of('b', 500, 90)), definition, {
    stopped: ['b'],
  });
  expect(both).toMatchObject({
    kind: 'undecided',
    winner: null,
    sentence:
      "Nothing is left to compare: every variant but the control 'a' was stopped; nothing more will come, decide.",
  });
});

test('an A/A test that finds nothing is as it should be', () => {
  const figures = figuresOf(of('a', 5_000, 500), of('b', 5_000, 510));
  expect(said(figures, { ...definition, mode: 'aa' })).toEqual({
    kind: 'undecided',
    winner: null,
    sentence: expect.stringMatching(
      /^No difference found between a model and itself, as it should be: 'b' \+2 % /,
    ),
  });
});
