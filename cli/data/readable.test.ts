import { expect, test } from 'vitest';

import { oneLine, readable } from './readable.ts';

test('a number that is none is told from one that is absent', () => {
  const shown = readable({ value: NaN, top: [Infinity, -Infinity], none: null, one: 1.5 });
  expect(JSON.parse(JSON.stringify(shown))).toEqual({
    value: 'NaN',
    top: ['Infinity', '-Infinity'],
    none: null,
    one: 1.5,
  });
});

test('what others wrote takes one line of a terminal, and moves no cursor', () => {
  expect(oneLine('good\n2026  ceo: accepted \u001B[31mRED\u0085')).toBe(
    String.raw`good\u000a2026  ceo: accepted \u001b[31mRED\u0085`,
  );
  expect(oneLine('höflich ✓')).toBe('höflich ✓');
});
