import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { TermIndex } from './term-index.ts';

/** Items that a term leads to, oldest first. */
const leadsTo = (index: TermIndex, name: string): string[] => {
  for (let term = 0; term < 1_000; term++)
    if (index.nameOf(term) === name) return index.postingsOf(term).map((n) => index.idOf(n));
  return [];
};

describe('an index of terms', () => {
  test('leads from a term to its items, the oldest first, whenever they came', () => {
    const index = new TermIndex();
    index.put('b', ['red', 'lamp'], 20);
    index.put('a', ['red'], 10);
    index.put('c', ['red'], 30);
    index.put('a2', ['red'], 20);
    expect(leadsTo(index, 'red')).toEqual(['a', 'b', 'a2', 'c']);
    expect(leadsTo(index, 'lamp')).toEqual(['b']);
    expect([index.size, index.distinctTerms, index.meanTerms]).toEqual([4, 2, 1.25]);
  });

  test('forgets what was withdrawn, and the terms that only it had', () => {
    const index = new TermIndex();
    index.put('a', ['red', 'lamp'], 10);
    index.put('b', ['red'], 20);
    index.remove('a');
    index.remove('unheard of');
    expect([leadsTo(index, 'red'), leadsTo(index, 'lamp')]).toEqual([['b'], []]);
    index.put('b', [], 20);
    expect([index.size, index.distinctTerms]).toEqual([0, 0]);
  });

  test('of many items with one term keeps the newest, and makes room good again', () => {
    const index = new TermIndex({ postingsMax: 4 });
    for (const [n, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) index.put(id, ['x'], n);
    expect(leadsTo(index, 'x')).toEqual(['c', 'd', 'e', 'f']);
    index.remove('f');
    index.put('old', ['x'], -1);
    expect(leadsTo(index, 'x')).toEqual(['c', 'd', 'e']);
    index.remove('e');
    index.remove('d');
    expect(leadsTo(index, 'x')).toEqual(['old', 'a', 'b', 'c']);
  });

  test('takes no room for what is gone: numbers are used again', () => {
    const index = new TermIndex();
    for (let n = 0; n < 500; n++) {
      index.put(`i${n}`, [`t${n}`, 'x'], n);
      if (n >= 3) index.remove(`i${n - 3}`);
    }
    expect([index.size, index.distinctTerms]).toEqual([3, 4]);
    expect(index.scratch().length).toBe(16);
    expect(index.numberOf('i499')).toBeLessThan(4);
    expect(leadsTo(index, 'x')).toEqual(['i497', 'i498', 'i499']);
  });

  const change = fc.record({
    id: fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`),
    terms: fc.option(fc.subarray(['x', 'y', 'z']), { nil: null }),
    newAtMs: fc.integer({ min: 0, max: 10 }),
  });

  test('holds for every term exactly the newest of its items, at least half as many as it may', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const index = new TermIndex({ postingsMax: 6 });
        const known = new Map<string, { terms: readonly string[]; newAtMs: number }>();
        for (const { id, terms, newAtMs } of changes) {
          if (terms === null) index.remove(id);
          else index.put(id, terms, newAtMs);
          known.delete(id);
          if (terms !== null && terms.length > 0) known.set(id, { terms, newAtMs });
        }
        expect(index.size).toBe(known.size);
        for (const term of ['x', 'y', 'z']) {
          const holders = [...known].filter(([, { terms }]) => terms.includes(term));
          holders.sort(([a, x], [b, y]) => x.newAtMs - y.newAtMs || (a < b ? 1 : -1));
          const found = leadsTo(index, term);
          expect(found.length).toBeGreaterThanOrEqual(Math.min(holders.length, 3));
          expect(found.length).toBeLessThanOrEqual(6);
          expect(found).toEqual(holders.slice(holders.length - found.length).map(([id]) => id));
        }
      }),
    );
  });
});
