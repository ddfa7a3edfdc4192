import { expect, test } from 'vitest';

import { RetryableError } from '../../lib/errors.ts';
import { reportIn } from './operator.ts';

test('a command that failed has no report: it is asked again', () => {
  const failed = JSON.stringify({ error: 'Redis: Command timed out' });
  expect(() => reportIn(failed)).toThrow(new RetryableError('Redis: Command timed out'));
  expect(reportIn('{"differences":2}')).toEqual({ differences: 2 });
});
