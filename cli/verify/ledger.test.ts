import { expect, test } from 'vitest';

import { digestOf, Ledger } from './ledger.ts';
import { Findings } from './report.ts';

const entry = (offset: number, content = `${offset}`, target = 0) => ({
  source: 1,
  offset,
  target,
  digest: digestOf(content),
});

interface Compared {
  readonly committed?: number;
  readonly cut?: readonly number[];
  readonly cutTargets?: readonly number[];
  readonly toOnePartition?: boolean;
}

function compared(
  expected: readonly ReturnType<typeof entry>[],
  actual: readonly ReturnType<typeof entry>[],
  { committed = 1e9, cut = [], cutTargets = [], toOnePartition = false }: Compared = {},
): string[] {
  const findings = new Findings();
  const ledger = new Ledger('t', findings, {
    cut: new Set(cut),
    cutTargets: new Set(cutTargets),
    toOnePartition,
  });
  for (const one of expected) ledger.expect(one);
  for (const one of actual) ledger.actual(one);
  ledger.missing(() => committed);
  return findings.examples.map(({ where, what }) => `${where} ${what}`);
}

const three = [entry(3), entry(5), entry(9_000)];

test('what was expected is there, in order, whether once or again after a crash', () => {
  expect(compared(three, three)).toEqual([]);
  expect(compared(three, [entry(3), entry(5), entry(3), entry(5), entry(9_000)])).toEqual([]);
});

test('a missing one is found where its offset was committed, and only there', () => {
  expect(compared(three, [entry(3), entry(5)])).toEqual([
    't of 1:9000 for partition 0 is not on the topic',
  ]);
  expect(compared(three, [entry(3), entry(5)], { committed: 9_000 })).toEqual([]);
});

test('another content, another partition and an invented one are found', () => {
  expect(compared(three, [entry(3), entry(5, 'x'), entry(9_000)])).toHaveLength(1);
  expect(compared([entry(3)], [entry(3), entry(3, '3', 1)])).toEqual([
    't of 1:3 for partition 1 must not be on the topic',
  ]);
  expect(compared([entry(3)], [entry(3), entry(4)])).toHaveLength(1);
});

test('one that comes first after a later one is lost to readers, and found', () => {
  expect(compared(three, [entry(5), entry(3), entry(9_000)])).toEqual([
    't of 1:3 for partition 0 comes first after a later one: readers pass it by',
  ]);
});

test('where a target was cut, a repeat may be all that is left, and says nothing of the order', () => {
  const left = [entry(5), entry(3), entry(5), entry(9_000)];
  expect(compared(three, left, { cutTargets: [0] })).toEqual([]);
  expect(compared(three, left, { cutTargets: [1] })).toHaveLength(1);
});

test('of a source whose log was cut, repeats must still be equal', () => {
  expect(compared([], [entry(3), entry(3)], { cut: [1] })).toEqual([]);
  expect(compared([], [entry(3), entry(3, 'x')], { cut: [1] })).toHaveLength(1);
});

test('where a position must be on one partition only, the others are found, and only they', () => {
  const stray = 't of 1:5 for partition 1 must be on one partition only, which is 0';
  const one = { toOnePartition: true };
  for (const cut of [[], [1]]) {
    expect(compared(three, [...three, entry(5, '5', 1)], { ...one, cut })).toEqual([stray]);
  }
  // Whichever is read first, and the one in its place is still in its order.
  expect(compared(three, [entry(5, '5', 1), ...three], one)).toEqual([stray]);
  expect(compared(three, [entry(3), entry(5, '5', 1), entry(9_000)], one)).toEqual([
    stray,
    't of 1:5 for partition 0 is not on the topic',
  ]);
});

test('partitions fed by the same source have an order each', () => {
  const left = [entry(3), entry(7)];
  const [b5, b9] = [entry(5, '5', 1), entry(9, '9', 1)];
  const both = [...left, b5, b9];
  for (const toOnePartition of [true, false]) {
    expect(compared(both, both, { toOnePartition })).toEqual([]);
    expect(compared(both, [...left, b9, b5], { toOnePartition })).toEqual([
      't of 1:5 for partition 1 comes first after a later one: readers pass it by',
    ]);
  }
});

test('of a merge one record is for each of two partitions', () => {
  const both = [entry(3), { ...entry(3, 'other', 1), aside: true }];
  expect(compared(both, both, { toOnePartition: true })).toEqual([]);
  expect(compared(both, both.slice(0, 1), { toOnePartition: true })).toEqual([
    't of 1:3 for partition 1 is not on the topic',
  ]);
});
