import { expect, test } from 'vitest';

import { RetryableError } from '../errors.ts';
import { ShortLogError } from './claim.ts';
import { failedOnce, ownedAnew, stoppedText } from './owned.ts';
import type { PartitionWorker } from './owners.ts';

test('who reads that a partition is stopped knows why, where, and how it goes on', () => {
  expect(stoppedText('ingest', 1, '100 records in a row could not be used')).toBe(
    'partition 1 is stopped: 100 records in a row could not be used; stop whoever sends them ' +
      '(`npx freshet failed list --stage ingest`), then start ingest again: it goes on from there',
  );
});

test('pauses begin anew with each assignment, the count of looks at a log that is too short does not', () => {
  const worker = (): PartitionWorker => ({
    header: () => expect.fail('not read'),
    load: () => expect.fail('not loaded'),
    startAt: () => undefined,
    drop: () => undefined,
    advance: () => expect.fail('not folded'),
  });
  let owned = ownedAnew(undefined, worker);
  const away = new RetryableError('Redis is away');
  expect([away, away, away].map((error) => failedOnce(owned, error))).toEqual([200, 400, 800]);
  expect(owned.shortLooks).toBe(0);
  for (let look = 1; look <= 3; look += 1) {
    owned = ownedAnew(owned, worker);
    expect(failedOnce(owned, new ShortLogError('ends at 11, before 12'))).toBe(200);
    expect(owned.shortLooks).toBe(look);
  }
});
