import { expect, test } from 'vitest';

import type {
  ExperimentPartials,
  PackedCell,
  PackedExperiment,
} from '../schemas/packed/experiment-partials.ts';
import { figuresOf } from './counted.ts';

const minuteMs = 60_000;
const asked = {
  experiment: 'blends',
  variants: ['a', 'b'],
  measure: 'count',
  latenessMs: minuteMs,
} as const;

const cellOf = (users: number, count: number): PackedCell => ({
  users,
  count,
  countSquares: count * 2,
  x: users,
  xx: users * 3,
  xCount: count,
  any: Math.min(users, count),
  xAny: 1,
  value: count * 2.5,
  valueSquares: 7,
  xValue: 3,
  kinds: [{ users: 1, count, countSquares: 1, value: 0, valueSquares: 0 }],
});

interface Given {
  readonly widthMs?: number;
  readonly marksMs?: readonly [interactions: number, exposures: number];
  readonly cells: Readonly<Record<string, Readonly<Record<number, PackedCell>>>>;
}

const partialsOf = ({
  widthMs = minuteMs,
  marksMs = [1e9, 1e9],
  cells,
}: Given): ExperimentPartials => {
  const experiment: PackedExperiment = {
    experiment: 'blends',
    context: 'home',
    kinds: ['click'],
    creditMs: 10 * minuteMs,
    widthMs,
    multiple: 1,
    late: 2,
    firstMs: 5,
    lastMs: 50,
    variants: Object.entries(cells).map(([variant, own]) => ({
      variant,
      answers: 10,
      answersSquares: 30,
      predicted: 9,
      enough: 8,
      emptied: 1,
      items: 40,
      wanted: 50,
      sketch: Buffer.alloc(1_024),
      users: Object.values(own).reduce((sum, { users }) => sum + users, 0),
      removed: { notSeen: { items: 3, answers: 2 } },
      cells: new Map(Object.entries(own).map(([number, cell]) => [Number(number), cell])),
    })),
  };
  const [interactionsMarkMs, exposuresMarkMs] = marksMs;
  const none = { forgotten: 0, unplaced: 0 };
  return { interactionsMarkMs, exposuresMarkMs, ...none, experiments: [experiment] };
};

test('adds partitions up, in the order of the definition', () => {
  const one = partialsOf({ cells: { b: { 0: cellOf(4, 8) }, a: { 0: cellOf(3, 2) } } });
  const two = partialsOf({ cells: { a: { 1: cellOf(5, 1) } } });
  const figures = figuresOf([one, two], asked);
  expect(figures).toMatchObject({ multiple: 2, late: 4, firstExposureMs: 5, lastExposureMs: 50 });
  const [a, b] = figures?.variants ?? [];
  expect(a).toMatchObject({
    variant: 'a',
    exposed: 8,
    outcome: { n: 8, y: 3, yy: 6, x: 8, xx: 24, xy: 3 },
    kinds: { click: { users: 2, count: 3 } },
    answers: { answers: 20, answersSquares: 60, predicted: 18, enough: 16, emptied: 2 },
    removed: { notSeen: 6 },
  });
  expect(b).toMatchObject({ variant: 'b', exposed: 4, outcome: { n: 4, y: 8 } });
  expect(figures?.course.map(({ untilMs, variants: [first] }) => [untilMs, first])).toMatchObject([
    [minuteMs, { exposed: 3, outcome: { n: 3 } }],
    [2 * minuteMs, { exposed: 8, outcome: { n: 8 } }],
  ]);
});

test.each([
  ['any', { y: 2, yy: 2, xy: 1 }],
  ['count', { y: 2, yy: 4, xy: 2 }],
  ['value', { y: 5, yy: 7, xy: 3 }],
] as const)('takes the measure %s', (measure, sums) => {
  const partials = partialsOf({ cells: { a: { 0: cellOf(3, 2) } } });
  expect(figuresOf([partials], { ...asked, measure })?.variants[0]?.outcome).toMatchObject(sums);
});

test.each([
  [[12 * minuteMs + 1, 12 * minuteMs + 1], 3],
  [[12 * minuteMs, 12 * minuteMs + 1], 0],
  [[12 * minuteMs + 1, 12 * minuteMs], 0],
] as const)('enters users when both marks %j have passed their time', (marksMs, n) => {
  const partials = partialsOf({ marksMs, cells: { a: { 0: cellOf(3, 2), 1: cellOf(4, 9) } } });
  const figures = figuresOf([partials], asked);
  expect(figures?.variants[0]).toMatchObject({ exposed: 7, outcome: { n } });
  expect(Object.keys(figures?.variants[0]?.kinds ?? {})).toEqual(n === 0 ? [] : ['click']);
  expect(figures?.course.at(-1)?.variants[0]).toMatchObject({ exposed: 7, outcome: { n } });
});

test('shorter stretches go into the longer ones of another partition', () => {
  const short = partialsOf({ cells: { a: { 0: cellOf(1, 1), 1: cellOf(2, 1), 2: cellOf(4, 1) } } });
  const long = partialsOf({ widthMs: 2 * minuteMs, cells: { a: { 0: cellOf(8, 1) } } });
  const { course } = figuresOf([short, long], asked) ?? { course: [] };
  expect(course.map(({ untilMs, variants: [a] }) => [untilMs / minuteMs, a?.exposed])).toEqual([
    [2, 11],
    [4, 15],
  ]);
});

test('nobody knows of it', () => {
  expect(figuresOf([partialsOf({ cells: {} })], { ...asked, experiment: 'other' })).toBeNull();
  expect(figuresOf([partialsOf({ cells: {} })], asked)?.variants[0]?.exposed).toBe(0);
});
