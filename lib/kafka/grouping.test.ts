import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

import { groupOnce, replaced, replacedSource } from './grouping.ts';
import './kafkajs.ts';
import { replacedSource as replacedTimer } from './timers.ts';

const load = createRequire(import.meta.url);
const messages = Array.from({ length: 50 }, (_, n) => ({ value: `${n}`, partition: (n * 7) % 4 }));
const grouping = {
  topic: 't',
  partitionMetadata: [{}, {}, {}, {}],
  messages,
  partitioner: ({ message }: { message: { partition: number } }) => message.partition,
};

test('groups as the function that it replaces does', () => {
  expect(groupOnce(grouping)).toEqual(replaced(grouping));
  expect(groupOnce({ ...grouping, partitionMetadata: [] })).toEqual({});
});

test('kafkajs has ours', () => {
  expect(load('kafkajs/src/producer/groupMessagesPerPartition')).toBe(groupOnce);
});

test('another kafkajs is noticed: look whether what is replaced in it still needs to be', () => {
  expect(replacedSource).toBe('e77a5484f36362b6bad6dd28c0b65cd513c5373f4d6b6ce8f1c1907ad82a0ac6');
  expect(replacedTimer).toBe('04347ea969c6f2e3754427c0cbaee0bd4ce947fbd82f7b6e027506a06dfc581a');
});
