import { expect, test } from 'vitest';

import { addressText, isRedisUrl, parseRedisUrl } from './address.ts';

const nobody = { username: '', password: '' };
const plain = { mode: 'plain', name: '', db: 0, tls: false, ...nobody };

test.each([
  ['redis://localhost', { ...plain, nodes: [{ host: 'localhost', port: 6379 }] }],
  ['redis://h:1/9', { ...plain, nodes: [{ host: 'h', port: 1 }], db: 9 }],
  [
    'rediss://ann:p%40%2Fss@[::1]:7000',
    {
      ...plain,
      nodes: [{ host: '::1', port: 7000 }],
      tls: true,
      username: 'ann',
      password: 'p@/ss',
    },
  ],
  [
    'redis+sentinel://:pass@a:1,b/main/2',
    {
      ...plain,
      mode: 'sentinel',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      name: 'main',
      db: 2,
      password: 'pass',
    },
  ],
  [
    'rediss+cluster://a:1,b',
    {
      ...plain,
      mode: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      tls: true,
    },
  ],
  [
    'redis://a:1, redis://b:2',
    {
      ...plain,
      mode: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    },
  ],
])('%s is read', (url, address) => {
  expect(parseRedisUrl(url)).toEqual(address);
});

test.each([
  '',
  'localhost:6379',
  'http://h:1',
  'redis://',
  'redis://h:0',
  'redis://h:99999',
  'redis://a:1,b:2',
  'redis://h:1/x',
  'redis+cluster://a:1/3',
  'redis+sentinel://a:1',
  'redis+other://a:1',
  'redis://a:1,redis+cluster://b:2',
  'redis://%zz@h:1',
])('%j is refused', (url) => {
  expect(isRedisUrl(url)).toBe(false);
});

test('messages name hosts, and neither user nor password', () => {
  const said = (url: string): string => addressText(parseRedisUrl(url));
  expect(said('redis://ann:secret@h:1')).toBe('h:1');
  expect(said('redis+cluster://ann:secret@h:1,[::1]:2')).toBe('h:1, [::1]:2');
  expect(said('redis+sentinel://:secret@h:1/main')).toBe(
    "the primary 'main' of the sentinels at h:1",
  );
  expect(() => parseRedisUrl('redis://ann:secret@h:nope')).not.toThrow('secret');
});
