import { expect, test } from 'vitest';

import { canonical, identityOf, type IdentityParts } from './identity.ts';

const parts: IdentityParts = {
  name: 'seen-items',
  revision: 1,
  layout: 1,
  partitions: 4,
  config: { itemsMax: 10, kinds: ['a', 'b'] },
  horizonMs: null,
  inputs: [{ topic: 'interactions', lineage: 'abc' }],
};

test('everything that changes a result changes the identity', () => {
  const changes: readonly Partial<IdentityParts>[] = [
    { name: 'user-features' },
    { revision: 2 },
    { layout: 2 },
    { partitions: 8 },
    { config: { itemsMax: 11, kinds: ['a', 'b'] } },
    { config: { itemsMax: 10, kinds: ['b', 'a'] } },
    { inputs: [{ topic: 'interactions', lineage: 'abd' }] },
    { horizonMs: 1 },
    { horizonMs: 2 },
    { inputs: [{ topic: 'other', lineage: 'abc' }] },
  ];
  const hashes = changes.map((change) => identityOf({ ...parts, ...change }).hash);
  expect(new Set([identityOf(parts).hash, ...hashes]).size).toBe(changes.length + 1);
});

test('the order of keys and whatever else an object carries change nothing', () => {
  const wider = { ...parts, package: '1.2.3', config: { kinds: ['a', 'b'], itemsMax: 10 } };
  expect(identityOf(wider)).toEqual(identityOf(parts));
});

test('the short forms are the beginning of the hash, fit for keys and group names', () => {
  const { hash, id4, lineage } = identityOf(parts);
  const whole = Buffer.from(hash, 'hex').toString('base64url');
  expect(whole.startsWith(lineage) && lineage.startsWith(id4)).toBe(true);
  expect([hash.length, id4.length, lineage.length]).toEqual([64, 4, 12]);
});

test('golden: another text here would orphan every stored state', () => {
  expect(canonical({ b: [1, null, 'x'], a: { d: true, c: 'é' } })).toBe(
    '{"a":{"c":"é","d":true},"b":[1,null,"x"]}',
  );
  expect(identityOf(parts).lineage).toBe('LYQUoq00EmZ2');
});
