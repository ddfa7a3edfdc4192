import { expect, test } from 'vitest';

import { currentKey } from '../../lib/stream/current.ts';
import { storedLearners } from './stored-learners.ts';

const published = 'learning:co-visits-1';
const unpublished = 'learning:co-visits-2';
const keys = [published, unpublished].map((name) => currentKey('p', name));
const redis = {
  getString: async (key: string) => (keys.includes(key) ? '{}' : null),
  scan: async function* () {
    yield keys;
  },
};

test('all that have state, or those of the ones that are asked for', async () => {
  expect(await storedLearners(redis, 'p', null)).toEqual([published, unpublished]);
  const among = new Map([published, 'learning:blend-3'].map((name) => [name, null]));
  expect(await storedLearners(redis, 'p', among)).toEqual([published]);
});

test('Redis is not looked through for those that are asked for', async () => {
  const scan = () => expect.fail('scanned');
  expect(await storedLearners({ ...redis, scan }, 'p', new Map())).toEqual([]);
});
