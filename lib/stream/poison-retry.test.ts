import { expect, test } from 'vitest';

import { countingRecord } from '../../test/support/counting-fold.ts';
import { ownerOf } from '../../test/support/slice-owner.ts';
import { RetryableError } from '../errors.ts';
import { memoryStore } from './memory-store.ts';

const bad = (offset: number) =>
  countingRecord(offset, { from: null, units: [], fails: 'undecodable' });
const good = (offset: number) =>
  countingRecord(offset, { from: null, units: [{ key: 'a', n: 1 }] });

test('what cannot be used, and is tried again and again, is counted once', async () => {
  let isAway = true;
  const { owner } = ownerOf(memoryStore(), {
    send: async () => {
      if (isAway) throw new RetryableError('no broker takes failures');
    },
  });
  await owner.load();
  const slice = [bad(0), bad(1), good(2)];
  for (let tries = 0; tries < 5; tries += 1)
    await expect(owner.slice(slice.slice(0, 2))).rejects.toThrow('no broker');
  isAway = false;
  expect(await owner.slice(slice)).toMatchObject({ kind: 'applied', records: 3 });
});
