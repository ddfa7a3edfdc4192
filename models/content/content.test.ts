import { describe, expect, test } from 'vitest';

import type { Item } from '../../schemas/generated/item.ts';
import { ItemTable } from '../item-table.ts';
import type { PersonalRetrieval } from '../model.ts';
import { profileOf, visitedOnce } from '../profile.ts';
import { retrievalSchema } from './config.ts';
import { content } from './content.ts';

const nowMs = 1_700_000_000_000;

const shop = (titles: Readonly<Record<string, string>>, postingsMax = 2_000): ItemTable => {
  const table = new ItemTable({ terms: { postingsMax } });
  for (const [n, [id, title]] of Object.entries(titles).entries()) table.take(id, item(title), n);
  return table;
};
const item = (title: string, change: Partial<Item> = {}): Item => ({
  item_id: '',
  title,
  categories: [],
  attributes: {},
  available_from: null,
  available_until: null,
  ...change,
});

const user = (...ids: string[]) =>
  profileOf(
    'u',
    ids.map((itemId, n) => visitedOnce({ itemId, type: 'view', atMs: nowMs - n * 1_000 })),
  );
const retrieval = (config: object): PersonalRetrieval =>
  content.retrieval({}, retrievalSchema.parse(config)) as PersonalRetrieval;
const ranked = (items: ItemTable | null, profile = user('own'), config: object = {}) =>
  retrieval(config).rank(profile, [], { items, weights: null });
const ids = (...of: Parameters<typeof ranked>): string[] =>
  ranked(...of).map(({ itemId }) => itemId);

describe('content', () => {
  test('proposes what shares terms, by how rare these are', () => {
    const items = shop({
      own: 'red glass lamp',
      both: 'red glass lamp',
      rare: 'glass bowl',
      common: 'red bowl',
      red: 'red chair',
      other: 'blue chair',
    });
    const found = ranked(items);
    expect(found.map(({ itemId }) => itemId)).toEqual(['both', 'rare', 'red', 'common']);
    expect(found[0]?.score).toBeCloseTo(1, 12);
  });

  test('counts the last items more, by place and type', () => {
    const items = shop({ own: 'lamp', before: 'chair', a: 'chair', b: 'lamp' });
    expect(ids(items, user('own', 'before'))).toEqual(['b', 'a']);
    const [lamp, chair] = ranked(items, user('own', 'before'), { recentDecay: 0.5 });
    expect([lamp?.score, chair?.score]).toEqual([1, 0.5]);
    const bought = user('own', 'before');
    const recents = bought.recents.map((one, n) => (n === 1 ? { ...one, type: 'purchase' } : one));
    const weighed = { typeWeights: { purchase: 9 } };
    expect(ids(items, { ...bought, recents }, weighed)).toEqual(['a', 'b']);
    expect(ids(items, bought, { typeWeights: { view: 0 } })).toEqual([]);
  });

  test('knows a new item as soon as it is there, and nothing of one withdrawn', () => {
    const items = shop({ own: 'red lamp' });
    expect(ids(items)).toEqual([]);
    items.take('new', item('lamp', { available_from: nowMs + 1 }), nowMs);
    expect(ids(items)).toEqual(['new']);
    items.take('new', null);
    expect(ids(items)).toEqual([]);
  });

  test('among equals the newest come first, also where the list or the scan ends', () => {
    const items = shop({ own: 'x', a: 'x', b: 'x', c: 'x', d: 'x' });
    expect(ids(items)).toEqual(['d', 'c', 'b', 'a']);
    expect(ids(items, user('own'), { depth: 2 })).toEqual(['d', 'c']);
    const many = shop(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`i${n}`, 'x'])));
    const found = ids(many, user('i0'), { postingsScannedMax: 100, depth: 200 });
    expect([found.length, found[0], found.at(-1)]).toEqual([100, 'i299', 'i200']);
  });

  test('looks at no more postings than it may, those of common terms last', () => {
    const shelf = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`i${n}`, 'x']));
    const items = shop({ ...shelf, i1: 'x y', own: 'x y' });
    const scoreOf = (postingsScannedMax: number): number =>
      ranked(items, user('own'), { postingsScannedMax, depth: 1 })[0]?.score ?? 0;
    expect(scoreOf(1_000)).toBeCloseTo(1, 12);
    expect(scoreOf(100)).toBeLessThan(0.9);
    expect(ids(items, user('own'), { postingsScannedMax: 100, depth: 1 })).toEqual(['i1']);
  });

  test('passes over own items and what is over, and still fills the list', () => {
    const items = shop(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`i${n}`, 'x'])));
    for (let n = 20; n < 60; n++) items.take(`i${n}`, item('x', { available_until: nowMs }), n);
    const found = ids(items, user('i5', 'i6'), { depth: 10 });
    expect(found.length).toBe(10);
    expect(found).not.toContain('i5');
    expect(found.every((id) => Number(id.slice(1)) < 20)).toBe(true);
    expect(ids(items, user('i5'), { ownItems: true })).toContain('i5');
  });

  test('is empty for who has nothing that is described, and without items', () => {
    const items = shop({ own: '', described: 'lamp', bare: '' });
    expect(ids(items)).toEqual([]);
    expect(ids(items, user('unknown'))).toEqual([]);
    expect(ids(items, user('described'))).toEqual([]);
    expect([ids(null), ids(new ItemTable())]).toEqual([[], []]);
  });

  test('does not depend on the order in which items came, and leaves nothing behind', () => {
    const titles = { own: 'red glass lamp', a: 'red lamp', b: 'glass lamp', c: 'lamp', d: 'red' };
    const forth = new ItemTable({ terms: {} });
    const back = new ItemTable({ terms: {} });
    for (const [id, title] of Object.entries(titles)) forth.take(id, item(title), 1);
    for (const [id, title] of Object.entries(titles).toReversed()) back.take(id, item(title), 1);
    const first = ranked(forth);
    expect(ranked(back)).toEqual(first);
    expect(ranked(forth)).toEqual(first);
    expect(forth.terms?.scratch().every((sum) => sum === 0)).toBe(true);
  });

  test('names the own item that is most alike', () => {
    const items = shop({ own: 'lamp', before: 'oak chair', a: 'chair', b: 'lamp' });
    const world = { items, weights: null };
    const said = retrieval({}).explain?.(user('own', 'before'), [], world) ?? [];
    expect(said.map(({ itemId, because }) => [itemId, because])).toEqual([
      ['b', 'own'],
      ['a', 'before'],
    ]);
    expect(said[0]?.proposals).toEqual([{ source: 'content', score: said[0]?.score, rank: 1 }]);
  });
});
