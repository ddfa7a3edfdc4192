import fc from 'fast-check';
import { expect, test } from 'vitest';

import { emptyHeader, formatHeader, newestIn, offsetIn, parseHeader } from './header.ts';

const headers = fc.integer({ min: 1, max: 3 }).chain((inputs) => {
  const each = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: inputs, maxLength: inputs });
  return fc.record({
    offsets: each(fc.maxSafeNat()),
    hashes: each(fc.constantFrom('', '00000000', 'a1b2c3d4')),
    marks: each(fc.array(fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }), { maxLength: 4 })),
    newestMs: each(fc.oneof(fc.constant(-1), fc.maxSafeNat())),
  });
});

test('what is written is read, offsets beyond 2^32 included', () => {
  fc.assert(
    fc.property(headers, (header) => {
      expect(parseHeader(Buffer.from(formatHeader(header)))).toEqual(header);
    }),
  );
});

test('different headers are different texts, since texts are compared', () => {
  fc.assert(
    fc.property(headers, headers, (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b));
      expect(formatHeader(a)).not.toBe(formatHeader(b));
    }),
  );
});

test('an empty header starts every input at 0, and a missing one too', () => {
  expect(formatHeader(emptyHeader(2))).toBe('0,0 -,- -,-');
  expect(offsetIn(null)).toBe(0);
  expect(offsetIn(Buffer.from('17 a1b2c3d4 5;8'))).toBe(17);
  expect(
    [null, '17 a1b2c3d4 -', '17 a1b2c3d4 - 40'].map((text) =>
      newestIn(text === null ? null : Buffer.from(text)),
    ),
  ).toEqual([-1, -1, 40]);
});

test('what nobody of ours wrote is refused', () => {
  expect(() => parseHeader('17')).toThrow('written to by hand');
});
