import { expect, test } from 'vitest';

import { randomPairs, randomTurn } from './combine.ts';
import { randomFrom } from './random.ts';
import type { FaultRow } from './row.ts';

const rowOf = (row: number, more: Partial<FaultRow> = {}): FaultRow => ({
  row,
  title: '',
  inject: async () => ({}),
  ...more,
});

const rows = [rowOf(1), rowOf(2), rowOf(3), rowOf(4, { alone: true }), rowOf(5, { fresh: true })];
const drawn = (seed: number): readonly string[] =>
  randomPairs(rows, 50, randomFrom(seed)).map((pair) => pair.map(({ row }) => row).join('+'));

test('the same seed draws the same pairs, another one others', () => {
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});

test('pairs are of two rows that may happen together', () => {
  expect(new Set(drawn(7))).toEqual(new Set(['1+2', '1+3', '2+3']));
});

test('turns are of pairs and of single rows, also of those that are not for a pair', () => {
  const random = randomFrom(7);
  const turns = Array.from({ length: 200 }, () => randomTurn(rows, random));
  const numbers = new Set(turns.map((turn) => turn.map(({ row }) => row).join('+')));
  expect([...numbers].toSorted()).toEqual(['1', '1+2', '1+3', '2', '2+3', '3', '4']);
  expect(randomTurn([], random)).toEqual([]);
  expect(randomTurn(rows.slice(3, 4), random).map(({ row }) => row)).toEqual([4]);
});
