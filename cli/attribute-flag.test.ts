import { expect, test } from 'vitest';

import { addAttribute } from './attribute-flag.ts';

test('attributes add up, and a value may hold any sign', () =>
  expect(addAttribute('note=a=b', addAttribute('country=France', {}))).toEqual({
    country: 'France',
    note: 'a=b',
  }));

test.each(['country', '=France', ''])("'%s' is refused with an example", (text) =>
  expect(() => addAttribute(text, {})).toThrow(
    "must be name=value, for instance 'country=France'.",
  ),
);
