import { expect, test } from 'vitest';

import { refuseWithoutTopics } from './progress-of-services.ts';

const adminWith = (has: (name: string) => boolean) => ({
  partitionCounts: async (names: readonly string[]) =>
    new Map(names.filter(has).map((name) => [name, 4])),
});

test('a topic that is missing is named, with what makes it', async () => {
  const admin = adminWith((name) => !name.includes('requests'));
  await expect(refuseWithoutTopics('other', admin)).rejects.toThrow(
    'topic other.requests.v1 is not there: run `npx freshet topics apply`',
  );
});

test('nothing is said where every topic is there', async () => {
  await refuseWithoutTopics(
    'other',
    adminWith(() => true),
  );
});
