import { expect, test } from 'vitest';

import { RefusedError, RetryableError, UserError } from '../lib/errors.ts';
import { sentenceOf, stackOf } from './cure.ts';

test('what is away is said with what to do', () => {
  const kafka = 'connecting to Kafka at h:1: Kafka does not answer (Broker not connected)';
  expect(sentenceOf(new RetryableError(kafka))).toBe(
    `${kafka}: is everything up? \`npx freshet status\` says what does not answer`,
  );
  const redis = 'Redis does not answer at FRESHET_REDIS_URL or where `npx freshet status` says';
  expect(sentenceOf(new RetryableError(redis))).toBe(`${redis}: is everything up?`);
});

test('whoever says by itself what helps is left at that', () => {
  const own = 'not acknowledged in time: `npx freshet publish FILE` again';
  expect(sentenceOf(new RetryableError(own))).toBe(own);
});

test('mistakes and refusals are one line, and bugs keep their stack', () => {
  expect(sentenceOf(new UserError('name a file'))).toBe('name a file');
  expect(sentenceOf(new RefusedError('another log'))).toBe('another log');
  expect(sentenceOf(new TypeError('x is not a function'))).toBeNull();
});

test('a bug is printed with its stacks, without what a client has hung on it', () => {
  const reply = Object.assign(new Error('ERR no such thing'), {
    command: { name: 'get', args: ['{ab}suser-17'] },
  });
  const printed = stackOf(new TypeError('x is not a function', { cause: reply }));
  expect(printed).toMatch(
    /^TypeError: x is not a function\n +at .*\ncaused by Error: ERR no such/s,
  );
  expect(printed).not.toContain('user-17');
  expect(stackOf('text')).toBe('text');
});
