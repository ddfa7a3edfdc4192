import { expect, test } from 'vitest';

import { inWords } from './request.ts';

test('the word of a refusal is followed by the limit that it means', () => {
  expect(inWords('too_many_excluded')).toBe('too_many_excluded (at most 1000)');
  expect(inWords('session_too_long')).toBe('session_too_long (at most 50 items)');
  expect(inWords('backlog')).toBe('backlog');
  expect(inWords(null)).toBe('no reason was given');
});
