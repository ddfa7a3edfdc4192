import { expect, test } from 'vitest';

import type { Item } from '../schemas/generated/item.ts';
import { ItemTable } from './item-table.ts';
import { TermIndex } from './term-index.ts';

const item = (change: Partial<Item> = {}): Item => ({
  item_id: 'i',
  title: 'a red lamp',
  categories: ['lamps'],
  attributes: {},
  available_from: null,
  available_until: null,
  ...change,
});

test('an item is available between its dates, and over past the last', () => {
  const table = new ItemTable();
  table.take('i', item({ available_from: 10, available_until: 20 }));
  expect([9, 10, 19, 20].map((at) => table.available('i', at))).toEqual([false, true, true, false]);
  expect([9, 19, 20].map((at) => table.over('i', at))).toEqual([false, false, true]);
  table.take('i', item());
  expect([table.available('i', 0), table.over('i', 1e15)]).toEqual([true, false]);
});

test('a withdrawn item is unknown, to rules and to terms', () => {
  const table = new ItemTable({ terms: {} });
  table.take('i', item());
  expect([table.size, table.terms?.size, table.inCategory('i', 'lamps')]).toEqual([1, 1, true]);
  table.take('i', null);
  expect([table.size, table.terms?.size, table.available('i', 5)]).toEqual([0, 0, false]);
  expect([table.inCategory('i', 'lamps'), table.over('i', 5)]).toEqual([false, false]);
});

test('terms are kept only where they were asked for', () =>
  expect(new ItemTable().terms).toBeNull());

test('an item is new by its own date, else by when it arrived, and never by a date to come', () => {
  const table = new ItemTable({ terms: {} });
  table.take('announced', item({ available_from: 4e12 }), 55);
  table.take('dated', item({ available_from: 50 }), 999);
  table.take('arrived', item(), 60);
  const [term = -1] = table.terms?.termsOf(table.terms.numberOf('dated') ?? -1) ?? [];
  const oldestFirst = table.terms?.postingsOf(term).map((n) => table.terms?.idOf(n));
  expect(oldestFirst).toEqual(['dated', 'announced', 'arrived']);
});

test('of ten thousand categories the first 256 count', () => {
  const table = new ItemTable();
  table.take('i', item({ categories: Array.from({ length: 10_000 }, (_, n) => `c${n}`) }));
  expect([table.inCategory('i', 'c255'), table.inCategory('i', 'c256')]).toEqual([true, false]);
});

test('a category stays known while one item of several leaves it', () => {
  const table = new ItemTable();
  for (const id of ['a', 'b']) table.take(id, item());
  table.take('a', item({ categories: ['shades'] }));
  expect([table.inCategory('a', 'lamps'), table.inCategory('b', 'lamps')]).toEqual([false, true]);
  table.take('b', null);
  table.take('b', item());
  expect(table.inCategory('b', 'lamps')).toBe(true);
});

test('terms may be lent, and are taken back', () => {
  const table = new ItemTable();
  const terms = new TermIndex();
  table.lend(terms);
  table.take('i', item());
  expect([table.terms, terms.size]).toEqual([terms, 0]);
  table.lend(null);
  expect(table.terms).toBeNull();
});

test('items that share what is known of them change one by one', () => {
  const table = new ItemTable();
  for (const id of ['a', 'b', 'dated']) table.take(id, item());
  table.take('a', item({ available_from: 10 }));
  table.take('dated', item({ available_until: 5 }));
  expect(['a', 'b', 'dated'].map((id) => table.available(id, 7))).toEqual([false, true, false]);
  table.take('b', null);
  table.take('a', item());
  expect(['a', 'b'].map((id) => table.available(id, 7))).toEqual([true, false]);
  expect(table.categoriesOf('a')).toEqual(['lamps']);
});
