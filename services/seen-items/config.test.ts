import { expect, test } from 'vitest';

import { seenItemsConfig } from './config.ts';

test('the defaults are 2,000 items and 400 days', () =>
  expect(seenItemsConfig({})).toEqual({ itemsMax: 2000, ageMsMax: 34_560_000_000 }));

test('all faults are listed at once', () => {
  const wrong = { FRESHET_SEEN_ITEMS_MAX: '0', FRESHET_SEEN_AGE_DAYS: 'long' };
  expect(() => seenItemsConfig(wrong)).toThrow(/ITEMS_MAX.*AGE_DAYS/);
});
