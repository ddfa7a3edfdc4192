import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { OwnItem, PersonalRetrieval } from '../model.ts';
import { profileOf } from '../profile.ts';
import { again } from './again.ts';
import { retrievalSchema } from './config.ts';

const dayMs = 86_400_000;
const nowMs = 1_700_000_000_000;

/** `ago` and `first` in days before now. */
const own = (itemId: string, visits: number, ago: number, first = ago): OwnItem => ({
  itemId,
  type: 'view',
  visits,
  atMs: nowMs - ago * dayMs,
  firstAtMs: nowMs - first * dayMs,
});

const retrieval = (config: object): PersonalRetrieval =>
  again.retrieval({}, retrievalSchema.parse(config)) as PersonalRetrieval;
const world = { items: null, weights: null };
const ranked = (config: object, ...recents: OwnItem[]) =>
  retrieval(config).rank(profileOf('u', recents, nowMs), [], world);
const items = (config: object, ...recents: OwnItem[]): string[] =>
  ranked(config, ...recents).map(({ itemId }) => itemId);

describe('again', () => {
  test('proposes first what is due by its own interval', () => {
    const weekly = own('weekly', 5, 7, 35);
    const justHad = own('just had', 5, 1, 29);
    const longGone = own('long gone', 5, 70, 98);
    expect(items({}, justHad, weekly, longGone)[0]).toBe('weekly');
    expect(items({ dueSharpness: 2, depth: 1 }, longGone, weekly, justHad)).toEqual(['weekly']);
    const [due] = ranked({ dueShare: 1, halfLifeDays: null, usualWeight: 0.01 }, weekly);
    expect(due?.score).toBeCloseTo(5, 1);
  });

  test('where nothing is due yet, the newest comes first', () => {
    const minute = 1 / 1440;
    const visited = [own('a', 1, 0), own('b', 1, minute), own('c', 1, 5 * minute)];
    expect(items({}, ...visited)).toEqual(['a', 'b', 'c']);
    const [a, b] = ranked({ dueShare: 0, halfLifeDays: null }, ...visited);
    expect([a?.score, b?.score]).toEqual([1, 0.5]);
  });

  test('counts visits by their age, taking them to lie evenly', () => {
    const only = { dueShare: 0, recentPower: 0, halfLifeDays: 10 };
    expect(ranked(only, own('a', 1, 10))[0]?.score).toBeCloseTo(0.5, 12);
    expect(ranked(only, own('a', 3, 0, 20))[0]?.score).toBeCloseTo(1 + 0.5 + 0.25, 12);
    expect(ranked(only, own('a', 3, 10))[0]?.score).toBeCloseTo(1.5, 12);
    expect(ranked({ ...only, halfLifeDays: null }, own('a', 3, 10))[0]?.score).toBe(3);
  });

  test('leaves out what has too few visits, no weight, or is of this session', () => {
    const recents = [own('now', 2, 0), own('once', 1, 9), own('twice', 2, 10, 20)];
    expect(items({ visitsMin: 2 }, ...recents).toSorted()).toEqual(['now', 'twice']);
    expect(items({ visitsMin: 2, excludeCurrentSession: true }, ...recents)).toEqual(['twice']);
    const bought = { ...own('bought', 1, 5), type: 'purchase' };
    expect(items({ typeWeights: { view: 0 } }, ...recents, bought)).toEqual(['bought']);
  });

  test('names the item itself as its reason', () => {
    const profile = profileOf('u', [own('a', 2, 3, 6)], nowMs);
    const [said] = retrieval({}).explain?.(profile, [], world) ?? [];
    expect([said?.because, said?.proposals[0]?.rank]).toEqual(['a', 1]);
  });

  test('has a finite score for every profile, whatever its clocks say', () => {
    const anyOwn = fc.record({
      itemId: fc.string({ minLength: 1, maxLength: 5 }),
      type: fc.constantFrom('view', 'purchase'),
      visits: fc.integer({ min: 1, max: 255 }),
      atMs: fc.integer({ min: nowMs - 36_500 * dayMs, max: 2 ** 48 }),
      firstAtMs: fc.integer({ min: 0, max: 2 ** 48 }),
    });
    fc.assert(
      fc.property(fc.array(anyOwn, { maxLength: 20 }), (recents) => {
        const found = ranked({}, ...recents);
        expect(found.length).toBe(recents.length);
        for (const { score } of found) expect(Number.isFinite(score)).toBe(true);
      }),
    );
  });
});
