import { expect, test } from 'vitest';

import { stoppedText } from './owned.ts';

test('who reads that a partition is stopped knows why, where, and how it goes on', () => {
  expect(stoppedText('ingest', 1, '100 records in a row could not be used')).toBe(
    'partition 1 is stopped: 100 records in a row could not be used; stop whoever sends them ' +
      '(`npx freshet failed list --stage ingest`), then start ingest again: it goes on from there',
  );
});
