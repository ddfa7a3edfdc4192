import { expect, test } from 'vitest';

import { inWords, overSize, requestOf, whole } from './request.ts';

test('the word of a refusal is followed by the limit that it means', () => {
  expect(inWords('too_many_excluded')).toBe('too_many_excluded (at most 1000)');
  expect(inWords('session_too_long')).toBe('session_too_long (at most 50 items)');
  expect(inWords('backlog')).toBe('backlog');
  expect(inWords(null)).toBe('no reason was given');
});

test('a request says until when anybody waits for its answer', () => {
  const flags = {
    user: 'u',
    context: 'feed',
    exclude: ['i1'],
    session: [],
    consent: true,
    attribute: {},
    timeout: 1_000,
  };
  expect(requestOf(flags, 1_700_000_001_000)).toEqual({
    user_id: 'u',
    context_id: 'feed',
    count: null,
    exclude: ['i1'],
    session: [],
    deadline_at: 1_700_000_001_000,
    attributes: {},
    page_token: null,
    consent: true,
  });
});

test('a count has bounds, and one past the size of its context is explained', () => {
  expect(whole('20')).toBe(20);
  for (const wrong of ['0', '-1', '1.5', 'x', '99999999999'])
    expect(() => whole(wrong)).toThrow('must be a whole number from 1 to 1000000.');
  const context = { context: 'feed', size: 20 };
  expect(overSize(20, context)).toBe('');
  expect(overSize(50, undefined)).toBe('');
  expect(overSize(50, context)).toContain('feed answers with at most 20');
});
