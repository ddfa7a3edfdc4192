import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Boundary } from './boundary.ts';

// The expected widths: the same formula by bisection, in Python.
test.each([
  [100, 3.5158133697],
  [10_000, 3.1445510724],
  [1_000_000, 3.6804618643],
])('after %i users a plan of 10,000 demands so many standard errors', (users, width) => {
  expect(new Boundary(0.05, { users: 10_000 }).width(users)).toBeCloseTo(width, 8);
});

test('an interval leaves out nothing exactly when p is within alpha', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e8 }),
      fc.integer({ min: 1_000, max: 1e6 }),
      fc.double({ min: 0.0001, max: 0.2, noNaN: true }),
      (n, users, alpha) => {
        const boundary = new Boundary(alpha, { users });
        const width = boundary.width(n);
        expect(boundary.p(n, (width * 1.0001) ** 2)).toBeLessThanOrEqual(alpha);
        expect(boundary.p(n, (width * 0.9999) ** 2)).toBeGreaterThan(alpha);
      },
    ),
  );
});

test('nothing seen is no evidence, and nobody seen is no interval', () => {
  const boundary = new Boundary(0.05, { users: 10_000 });
  expect(boundary.p(10_000, 0)).toBe(1);
  expect(boundary.width(0)).toBe(Infinity);
});

test('a plan without users and a level that is none are refused', () => {
  expect(() => new Boundary(0, { users: 1 })).toThrow('alpha must be between 0 and 1, not 0');
  expect(() => new Boundary(0.05, { users: 0 })).toThrow('a plan needs users, not 0');
});
