import { expect, test } from 'vitest';

import { RetryableError, UserError } from '../../lib/errors.ts';
import { againIfLate } from './send-again.ts';

test('what was not acknowledged is to be sent again, and the sentence says why it may be', async () => {
  const late = new RetryableError('a send was not acknowledged in time');
  const failed = againIfLate('a.csv', () => Promise.reject(late));
  await expect(failed).rejects.toBeInstanceOf(UserError);
  await expect(failed).rejects.toThrow(
    /^a send was not acknowledged in time; .*send a\.csv again .*nothing doubles$/,
  );
});

test('all else is left as it is', async () => {
  const mistake = new UserError('no such topic');
  await expect(againIfLate('a.csv', () => Promise.reject(mistake))).rejects.toBe(mistake);
  await expect(againIfLate('a.csv', async () => 7)).resolves.toBe(7);
});
