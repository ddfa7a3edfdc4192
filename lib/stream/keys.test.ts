import fc from 'fast-check';
import { expect, test } from 'vitest';

import { tagOf } from '../redis/tags.ts';
import { foldKeys } from './keys.ts';

const keys = foldKeys({ code: 's', family: 'user', id4: 'aB3_' });

test('all keys of a partition share its tag', () => {
  for (const partition of [0, 1, 1_023]) {
    const names = [
      keys.header(partition),
      keys.meta(partition),
      keys.shared(partition),
      keys.decided(partition),
      keys.row(partition, 'ann'),
    ];
    for (const name of names) expect(name.startsWith(tagOf('user', partition))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('no user id makes a row look like a header, a ring or anything else', () => {
  const others = [keys.header(0), keys.meta(0), keys.shared(0), keys.decided(0)];
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom('h', 'm', 's', 'd', ''), fc.string()), (id) => {
      expect(others).not.toContain(keys.row(0, id));
    }),
  );
});

test('a row costs 9 bytes beside its id', () => {
  expect(keys.row(0, '').length).toBe(9);
});
