import { expect, test } from 'vitest';

import type { Rule } from '../../models/rules.ts';
import type { ItemThen } from './item-history.ts';
import { faultsOfAnswer } from './rules-again.ts';
import type { Stated } from './stated.ts';

const itemThen = (values: Record<string, readonly string[]>): ItemThen => ({
  fromMs: -Infinity,
  untilMs: 100,
  values: new Map(Object.entries(values)),
});
/** Item `moved` was of brand x up to offset 5. */
const history = {
  at: (id: string, [offset = 0]: readonly number[]) => {
    if (id === 'gone') return null;
    if (id === 'forgotten') return undefined;
    if (id === 'moved') return itemThen({ brand: [offset <= 5 ? 'x' : 'y'] });
    const [brand = '', seller = ''] = id.split('-');
    return itemThen({ brand: [brand], seller: [seller], category: ['c', brand] });
  },
  available: (id: string, { judgedAtMs }: { judgedAtMs: number }) =>
    id === 'gone' || judgedAtMs >= 100 ? ('no' as const) : ('yes' as const),
};
const stated: Stated = {
  answerId: 'requests-0-1',
  user: 'ann',
  context: 'home',
  items: ['x-shop', 'y-ann'],
  rules: [],
  consent: true,
  candidatesOffset: -1,
  seenOffset: 1,
  servedOffset: 1,
  profileOffset: 1,
  itemOffsets: [9],
  attributeOffsets: [9],
  judgedWith: {},
  topicSet: 1,
  judgedAtMs: 10,
  request: '0/1',
};
const faults = (rule: Rule | null, change: Partial<Stated> = {}, attributes = {}) =>
  faultsOfAnswer(
    { ...stated, rules: rule === null ? [] : [rule], ...change },
    { excluded: new Set(['z-shop']), attributes },
    history,
  );
const brand = { rule: 'attribute', attribute: 'brand' } as const;

test('what is right has no faults', () => {
  expect(faults(null)).toEqual([]);
  expect(faults({ rule: 'available' })).toEqual([]);
  expect(faults({ ...brand, require: { oneOf: ['x', 'y'] } })).toEqual([]);
  expect(faults({ rule: 'at-most', items: 2, per: 'category' })).toEqual([]);
  expect(faults({ rule: 'not-served', answers: 1 })).toEqual([]);
});

test('items twice, excluded or not available are found', () => {
  expect(faults(null, { items: ['x-a', 'x-a'] })).toEqual(['has an item twice']);
  expect(faults({ rule: 'exclude' }, { items: ['z-shop'] })).toEqual(['item z-shop was excluded']);
  expect(faults({ rule: 'available' }, { items: ['gone'] })).toEqual([
    'item gone was not available',
  ]);
  expect(faults({ rule: 'available' }, { judgedAtMs: 100 })).toHaveLength(2);
});

test('a value that is forbidden, or not the one required, is found at its own revision', () => {
  expect(faults({ ...brand, require: { oneOf: ['x'] } })).toEqual(["item y-ann has brand 'y'"]);
  expect(faults({ ...brand, forbid: { oneOf: ['x'] } })).toEqual(["item x-shop has brand 'x'"]);
  const moved = { items: ['moved'] };
  expect(faults({ ...brand, forbid: { oneOf: ['x'] } }, moved)).toEqual([]);
  expect(
    faults({ ...brand, forbid: { oneOf: ['x'] } }, { ...moved, attributeOffsets: [5] }),
  ).toEqual(["item moved has brand 'x'"]);
  expect(faults({ ...brand, require: { oneOf: ['x'] } }, { items: ['forgotten'] })).toEqual([]);
});

test('without a value the rule says what becomes of an item', () => {
  const none = { items: ['gone'] };
  expect(faults({ ...brand, require: { oneOf: ['x'] } }, none)).toHaveLength(1);
  expect(faults({ ...brand, require: { oneOf: ['x'] }, missing: 'keep' }, none)).toEqual([]);
  expect(faults({ ...brand, forbid: { oneOf: ['x'] } }, none)).toEqual([]);
  expect(faults({ ...brand, forbid: { oneOf: ['x'] }, missing: 'remove' }, none)).toHaveLength(1);
  expect(faults({ ...brand, require: { profile: 'brand' } })).toHaveLength(2);
});

test('the request and the profile count with what the answer says, which must be what was said', () => {
  const rule: Rule = { ...brand, require: { request: 'brand' } };
  const items = { items: ['x-shop'] };
  const with_ = (value: string) => ({ ...items, judgedWith: { 'request.brand': value } });
  expect(faults(rule, with_('x'), { brand: 'x' })).toEqual([]);
  expect(faults(rule, with_('x'), { brand: 'y' })).toEqual([
    'was not judged with the brand that the request gave',
    "item x-shop has brand 'x'",
  ]);
  const own: Rule = { ...brand, require: { profile: 'brand' } };
  expect(faults(own, { ...items, judgedWith: { 'profile.brand': 'x' } })).toEqual([]);
  expect(faults(own, { ...items, judgedWith: { 'profile.brand': 'y' } })).toHaveLength(1);
});

test('own items, and too many of one value, are found', () => {
  expect(faults({ rule: 'not-own', attribute: 'seller' })).toEqual([
    'item y-ann is of user ann itself (seller)',
  ]);
  expect(faults({ rule: 'at-most', items: 1, per: 'category' })).toEqual([
    "has 2 items of category 'c', more than 1",
  ]);
  expect(faults({ rule: 'at-most', items: 1, per: { attribute: 'brand' } })).toEqual([]);
});

test('an answer has to say up to where it knew', () => {
  const none = { seenOffset: -1, servedOffset: -1 };
  expect(faults({ rule: 'not-seen' }, none)).toEqual([
    'does not say up to which offset its items were not seen',
  ]);
  expect(faults({ rule: 'not-served', answers: 1 }, none)).toEqual([
    'does not say up to which offset its items were not served',
  ]);
});
