import { expect, test } from 'vitest';

import type { Item } from '../schemas/generated/item.ts';
import { ItemAttributes } from './item-attributes.ts';
import { ItemTable } from './item-table.ts';

const item = (attributes: Record<string, string>): Item => ({
  item_id: 'i',
  title: '',
  categories: [],
  attributes,
  available_from: null,
  available_until: null,
});

test('an item has the attributes that were asked for, and no others', () => {
  const table = new ItemAttributes(['brand', 'seller']);
  table.take('i', item({ brand: 'x', colour: 'red' }));
  table.take('j', item({ colour: 'red' }));
  expect(['brand', 'seller', 'colour', 'toString'].map((name) => table.of('i', name))).toEqual([
    'x',
    undefined,
    undefined,
    undefined,
  ]);
  expect(table.of('j', 'brand')).toBeUndefined();
});

test('what is changed or withdrawn is not what it was', () => {
  const table = new ItemAttributes(['brand']);
  table.take('i', item({ brand: 'x' }));
  table.take('i', item({ brand: 'y' }));
  expect(table.of('i', 'brand')).toBe('y');
  table.take('i', item({}));
  expect(table.of('i', 'brand')).toBeUndefined();
  table.take('i', item({ brand: 'y' }));
  table.take('i', null);
  expect(table.of('i', 'brand')).toBeUndefined();
});

test('a value of any length takes no more than a bound', () => {
  const table = new ItemAttributes(['brand']);
  table.take('i', item({ brand: 'x'.repeat(100_000) }));
  expect(table.of('i', 'brand')).toHaveLength(256);
});

test('a table of items knows them while they are lent to it', () => {
  const items = new ItemTable();
  const table = new ItemAttributes(['brand']);
  table.take('i', item({ brand: 'x' }));
  expect([items.knowsAttributes([]), items.knowsAttributes(['brand'])]).toEqual([true, false]);
  items.lendAttributes(table, () => [3]);
  expect(items.knowsAttributes(['brand'])).toBe(true);
  expect(items.knowsAttributes(['brand', 'seller'])).toBe(false);
  expect([items.attributeOf('i', 'brand'), items.attributeOffsets()]).toEqual(['x', [3]]);
  items.lendAttributes(null, () => []);
  expect([items.attributeOf('i', 'brand'), items.attributeOffsets()]).toEqual([undefined, null]);
});
