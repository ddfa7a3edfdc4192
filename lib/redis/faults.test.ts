import { expect, test } from 'vitest';

import { redisFault } from './faults.ts';

/** As ioredis makes them of an error reply. */
const reply = (text: string): Error => Object.assign(new Error(text), { name: 'ReplyError' });

test.each([
  "OOM command not allowed when used memory > 'maxmemory'.",
  'ERR Error running script (call to f_00): @user_script:12: @user_script: 12: -OOM command not allowed',
  'ERR Error running script (call to f_00): @user_script:9: @user_script: 9: -READONLY You can not',
  "READONLY You can't write against a read only replica.",
  'LOADING Redis is loading the dataset in memory',
  'CLUSTERDOWN Hash slot not served',
  'TRYAGAIN Multiple keys request during rehashing of slot',
])('%s passes', (text) => {
  expect(redisFault(reply(text)).name).toBe('RetryableError');
});

test('what never was a reply has an unknown outcome', () => {
  for (const text of [
    'Connection is closed.',
    'Command timed out',
    'Too many Cluster redirections',
  ])
    expect(redisFault(new Error(text)).name).toBe('RetryableError');
});

test('of what a cluster was asked again and again the last reply is told', () => {
  const lastOf = (text: string): string =>
    redisFault(new Error(`Too many Cluster redirections. Last error: ${text}`)).message;
  const moving = lastOf('ReplyError: TRYAGAIN Multiple keys request during rehashing of slot');
  expect(moving).toContain('a slot is on the move');
  expect(lastOf('Error: Connection is closed.')).toContain('Redis does not answer');
  expect(lastOf('ReplyError: CLUSTERDOWN The cluster is down')).toBe(
    'Redis: CLUSTERDOWN The cluster is down',
  );
});

test('no permission and a wrong kind of Redis are refused, with what to do', () => {
  expect(redisFault(reply('NOPERM this user has no permissions')).name).toBe('RefusedError');
  const moved = redisFault(reply('MOVED 3999 127.0.0.1:6381'));
  expect(moved.name).toBe('RefusedError');
  expect(moved.message).toContain('redis+cluster://');
});

test('anything else is a bug, and stays what it was', () => {
  const bug = reply(
    'ERR Error running script (call to f_00): @user_script:3: attempt to index nil',
  );
  expect(redisFault(bug)).toBe(bug);
});

test('of a command that Redis does not know nobody hears the arguments', () => {
  const texts = [
    "ERR unknown command 'GETEX', with args beginning with: '{ab}suser-17' '0' ",
    'ERR unknown command `GETEX`, with args beginning with: `{ab}suser-17`, `0`, ',
  ];
  for (const text of texts) {
    const fault = redisFault(reply(text));
    expect(fault.message).toMatch(/^Redis: ERR unknown command .GETEX.$/);
    expect(`${fault.stack}${String(fault.cause)}`).not.toContain('user-17');
  }
});
