import { expect, test } from 'vitest';

import { guardrailWord, unknown } from './words.ts';

test('a guardrail is kept, broken beyond doubt, or in doubt where too few have answered', () => {
  const max = { limit: { max: 0.01 } };
  expect(guardrailWord({ ...max, share: 0.01, isBroken: false })).toBe('kept');
  expect(guardrailWord({ ...max, share: 1, isBroken: false })).toMatch(/^in doubt: too few/);
  expect(guardrailWord({ ...max, share: 1, isBroken: true })).toBe('broken');
  expect(guardrailWord({ ...max, share: null, isBroken: false })).toBe(unknown);
  const min = { limit: { min: 0.9 }, isBroken: false };
  expect(guardrailWord({ ...min, share: 0.95 })).toBe('kept');
  expect(guardrailWord({ ...min, share: 0.85 })).toMatch(/^in doubt/);
});
