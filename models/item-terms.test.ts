import { describe, expect, test } from 'vitest';

import type { Item } from '../schemas/generated/item.ts';
import { termsMax, termsOf } from './item-terms.ts';

const item = (change: Partial<Item>): Item => ({
  item_id: 'i',
  title: '',
  categories: [],
  attributes: {},
  available_from: null,
  available_until: null,
  ...change,
});

describe('the terms of an item', () => {
  test('are categories, attributes and the words of its title, each once', () => {
    const lamp = item({
      title: 'Red LAMP, red: 4-pack',
      categories: ['Lamps', 'lamps'],
      attributes: { Colour: 'Red' },
    });
    expect(termsOf(lamp)).toEqual(['/lamps', 'colour=red', 'red', 'lamp', '4', 'pack']);
  });

  test('know letters and digits of every script, however they were put together', () => {
    expect(termsOf(item({ title: 'Größe 商品 हिन्दी' }))).toEqual(['größe', '商品', 'हिन्दी']);
    expect(termsOf(item({ title: 'Gro\u0308ße' }))).toEqual(termsOf(item({ title: 'GRÖßE' })));
  });

  test('are none where nothing is known', () => {
    expect(termsOf(item({}))).toEqual([]);
    expect(termsOf(item({ title: ' -- !', categories: [] }))).toEqual([]);
  });

  test('leave room for the title beside ten thousand categories and attributes', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `c${n}`);
    const terms = termsOf(
      item({
        title: 'one two three',
        categories: many,
        attributes: Object.fromEntries(many.map((name) => [name, 'x'])),
      }),
    );
    expect(terms.length).toBe(8 + 8 + 3);
    expect(terms.slice(-3)).toEqual(['one', 'two', 'three']);
  });

  test('are bounded where a title has 64 KB', () => {
    const words = Array.from({ length: 12_000 }, (_, n) => `w${n}`).join(' ');
    expect(termsOf(item({ title: words })).length).toBe(termsMax);
    expect(termsOf(item({ title: 'x'.repeat(65_536) }))).toEqual([]);
    expect(termsOf(item({ title: ' '.repeat(65_536) + 'late' }))).toEqual([]);
    expect(termsOf(item({ attributes: { text: 'long '.repeat(99) }, title: 'a' }))).toEqual(['a']);
  });
});
