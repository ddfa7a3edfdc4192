import { expect, test } from 'vitest';

import { hasRoom, type Opened, OpenedHere } from './opened.ts';

const fill = (opened: Opened | undefined): number => {
  if (opened === undefined) throw new Error('not there');
  for (let n = 0; hasRoom(opened, `user-${n}`); n += 1) opened.users.add(`user-${n}`);
  return opened.users.size;
};
const at = { partitions: 4, listPrefixes: ['one', 'two'] };

test('each partition and model has its part of the bound to itself', () => {
  const here = new OpenedHere(10);
  expect([0, 1].map((partition) => fill(here.of(partition, at).get('one')))).toEqual([3, 3]);
  expect(fill(here.of(0, at).get('two'))).toBe(3);
  const full = here.of(0, at).get('one') as Opened;
  expect([hasRoom(full, 'user-0'), hasRoom(full, 'another')]).toEqual([true, false]);
});

test('what a model opened that is out of use is forgotten', () => {
  const here = new OpenedHere(10);
  fill(here.of(0, at).get('one'));
  here.of(0, { ...at, listPrefixes: ['two'] });
  expect(here.of(0, at).get('one')?.users.size).toBe(0);
});

test('there may be room for none', () => {
  expect(fill(new OpenedHere(0).of(0, at).get('one'))).toBe(0);
});
