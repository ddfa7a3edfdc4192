import { expect, test } from 'vitest';

import { emptyHeader, formatHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import { keep } from './keep-decisions.ts';

const keys = foldKeys({ code: 'i', family: 'source', id4: 'abcd' });
const at = { keys, partition: 0 };
const headerAt = (...offsets: number[]): Buffer =>
  Buffer.from(formatHeader({ ...emptyHeader(offsets.length), offsets }));
const decided = async (store: ReturnType<typeof memoryStore>): Promise<number[]> =>
  [...(await store.decided(keys.decided(0)))].toSorted((a, b) => a - b);

test('what was decided is kept of all that is yet to be folded, of either input', async () => {
  const store = memoryStore();
  await keep({ store }, at, [3, 7, -1 - 2, -1 - 5]);
  expect(await decided(store)).toEqual([-6, -3, 3, 7]);
  const further = memoryStore();
  further.values.set(keys.header(0), headerAt(4, 3));
  await keep({ store: further }, at, [3, 7, -1 - 2, -1 - 5]);
  expect(await decided(further)).toEqual([-6, 7]);
});

test('whoever folds it and moves on meanwhile is looked at again', async () => {
  const memory = memoryStore();
  const store = {
    ...memory,
    decide: async (decision: Parameters<typeof memory.decide>[0]) => {
      if (!memory.values.has(keys.header(0))) memory.values.set(keys.header(0), headerAt(4));
      return memory.decide(decision);
    },
  };
  await keep({ store }, at, [3, 7]);
  expect(await decided(memory)).toEqual([7]);
});
