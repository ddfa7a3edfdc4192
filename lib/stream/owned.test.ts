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

test('pauses begin anew with each assignment, but not those for a log that is too short', () => {
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
  const short = new ShortLogError('ends at 11, before 12');
  for (let join = 0; join < 3; join += 1) {
    owned = ownedAnew(owned, worker);
    // At once, and after a pause: only the second one counts.
    expect(failedOnce(owned, short)).toBe(200 * 2 ** join);
    expect(owned.shortLooks).toBe(join);
    failedOnce(owned, short);
    expect(owned.shortLooks).toBe(join + 1);
  }
});
