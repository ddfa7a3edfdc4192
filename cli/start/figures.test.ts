import { expect, test } from 'vitest';

import { Figures, quantileBetween, quantileOf, samplesOf } from './figures.ts';

const text = (accepted: number): string => `# HELP x y
# TYPE freshet_records_total counter
freshet_records_total{service="ingest",outcome="accepted"} ${accepted}
freshet_records_total{service="signals",outcome="accepted"} 5
freshet_candidates_freshness_seconds_bucket{le="0.1"} 1
freshet_candidates_freshness_seconds_bucket{le="+Inf"} 2
freshet_odd{path="a \\"b\\", c"} 1.5e-3
`;

test('series are read with their labels', () => {
  expect(samplesOf(text(1)).at(-1)).toEqual({
    name: 'freshet_odd',
    labels: { path: 'a \\"b\\", c' },
    value: 0.0015,
  });
});

test('processes are added up, and a later reading of one replaces its earlier one', () => {
  const figures = new Figures();
  figures.take(new Map([['a.1', text(10)]]));
  figures.take(
    new Map([
      ['a.1', text(20)],
      ['b.2', text(3)],
    ]),
  );
  const labels = { service: 'ingest', outcome: 'accepted' };
  expect(figures.sum('freshet_records_total', labels)).toBe(23);
  expect(figures.buckets('freshet_candidates_freshness_seconds').get(Infinity)).toBe(4);
});

test('counters of a process that ended still count', () => {
  const figures = new Figures();
  figures.take(new Map([['a.1', text(10)]]));
  figures.take(new Map([['a.2', text(1)]]));
  expect(figures.sum('freshet_records_total', { service: 'ingest' })).toBe(11);
});

test('a quantile is that of the observations between two readings', () => {
  const before = new Map([
    [1, 100],
    [2, 100],
    [Infinity, 100],
  ]);
  const after = new Map([
    [1, 150],
    [2, 200],
    [Infinity, 200],
  ]);
  expect(quantileBetween(0.5, before, after)).toBe(1);
  expect(quantileBetween(0.75, before, after)).toBe(1.5);
  expect(quantileBetween(0.5, after, after)).toBeNull();
});

test('beyond the last bound a quantile is at least that bound', () => {
  const after = new Map([
    [1, 0],
    [Infinity, 10],
  ]);
  expect(quantileBetween(0.99, new Map(), after)).toBe(1);
});

test('quantiles of values', () => {
  expect(quantileOf(0.5, [3, 1, 2])).toBe(2);
  expect(quantileOf(0.99, [1, 2])).toBe(2);
  expect(quantileOf(0.5, [])).toBeNull();
});
