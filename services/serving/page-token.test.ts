import { describe, expect, test } from 'vitest';

import { type PageState, PageTokens, tokenAgeMsMax, tokenCharsMax } from './page-token.ts';

const tokens = new PageTokens({ key: 'a key of some length', prefix: 'shop' });
const owner = { userId: 'u1', contextId: 'home', contextVersion: 'home@0123456789ab' };
const state: PageState = {
  ...owner,
  assigned: null,
  page: 1,
  issuedMs: 1_000,
  shown: ['a', 'b'],
  rest: [
    { step: 1, items: ['c', 'd'] },
    { step: 0, items: ['é', '日本'] },
  ],
};
const sealed = (change: Partial<PageState> = {}): string => {
  const token = tokens.seal({ ...state, ...change });
  if (token === null) throw new Error('there is no token');
  return token;
};
const faultOf = (token: string, more: Partial<typeof owner> = {}, nowMs = 1_000) => {
  const opened = tokens.open(token, { ...owner, ...more }, nowMs);
  return opened.ok ? null : opened.fault;
};

describe('a page token', () => {
  test('gives back all that it was made of', () =>
    expect(tokens.open(sealed(), owner, 1_000)).toEqual({ ok: true, state }));

  test('is good for an hour', () => {
    expect(faultOf(sealed(), {}, 1_000 + tokenAgeMsMax)).toBeNull();
    expect(faultOf(sealed(), {}, 1_001 + tokenAgeMsMax)).toBe('page_token_expired');
  });

  test('is of one user, one context and one version of it', () => {
    expect(faultOf(sealed(), { userId: 'u2' })).toBe('page_token_of_another');
    expect(faultOf(sealed(), { contextId: 'basket' })).toBe('page_token_of_another');
    expect(faultOf(sealed(), { contextVersion: 'home@ba9876543210' })).toBe('page_token_outdated');
  });

  test('that was changed, cut, made up or made with another key is not ours', () => {
    const token = sealed();
    const places = Array.from({ length: token.length }, (_, at) => at);
    const changed = places.map((at) => {
      const other = token[at] === 'A' ? 'B' : 'A';
      return token.slice(0, at) + other + token.slice(at + 1);
    });
    const cut = places.map((at) => token.slice(0, at));
    const others = [
      '',
      '?',
      ' '.repeat(99),
      `${token} `,
      `${token}A`,
      'A'.repeat(tokenCharsMax + 1),
    ];
    for (const bad of [...changed, ...cut, ...others])
      expect(faultOf(bad), bad).toBe('page_token_not_ours');
    const other = new PageTokens({ key: 'another key, as long', prefix: 'shop' }).seal(state);
    expect(faultOf(other ?? '')).toBe('page_token_not_ours');
  });

  test('holds as much of the rest as fits, the best, and always what was shown', () => {
    const ids = (count: number, word: string) =>
      Array.from({ length: count }, (_, n) => `${word}-${(n * 2_654_435_761) % 4_294_967_296}`);
    const rest = [{ step: 0, items: ids(400, 'rest') }];
    const token = sealed({ shown: ids(40, 'shown'), rest });
    expect(token.length).toBeLessThanOrEqual(tokenCharsMax);
    const opened = tokens.open(token, owner, 1_000);
    if (!opened.ok) throw new Error(opened.fault);
    const kept = opened.state.rest[0]?.items ?? [];
    expect(opened.state.shown).toHaveLength(40);
    expect(kept.length).toBeGreaterThan(100);
    expect(rest[0]?.items.slice(0, kept.length)).toEqual(kept);
  });

  test('is not made where nothing is left, or what was shown does not fit', () => {
    expect(tokens.seal({ ...state, rest: [] })).toBeNull();
    const shown = Array.from({ length: 2_000 }, (_, n) => `item-${(n * 2_654_435_761) % 1e9}`);
    expect(tokens.seal({ ...state, shown })).toBeNull();
  });

  test('without a key is made with the prefix, of one installation', () => {
    const plain = new PageTokens({ key: null, prefix: 'shop' });
    const token = plain.seal(state) ?? '';
    expect(new PageTokens({ key: null, prefix: 'shop' }).open(token, owner, 1_000).ok).toBe(true);
    expect(new PageTokens({ key: null, prefix: 'store' }).open(token, owner, 1_000).ok).toBe(false);
  });
});
