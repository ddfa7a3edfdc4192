import { expect, test } from 'vitest';

import { RetryableError } from '../../lib/errors.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { LearnersInUse } from './learners-in-use.ts';
import { untilOthers } from './set-members.ts';

const pointer = currentKey('shop', 'ingest');

/** The first try of everything fails. */
const flaky = () => {
  const tried = new Set<string>();
  return (what: string): void => {
    if (tried.has(what)) return;
    tried.add(what);
    throw new RetryableError(`${what} failed`);
  };
};

test('whoever waits for others goes on waiting where brokers or Redis are away', async () => {
  const call = flaky();
  const said: string[] = [];
  const redis = {
    scan: async function* scan() {
      call('scan');
      yield [pointer];
    },
    getString: async () => JSON.stringify({ name: 'ingest', lineage: 'one' }),
  } as unknown as RedisPort;
  const learners = new LearnersInUse(async () => {
    call('definitions');
    return { modelsInUse: () => new Map() };
  });
  await untilOthers(
    { prefix: 'shop', partitions: 4, kafka: { brokers: [], clientId: 'test' } },
    {
      redis,
      services: ['ingest'],
      learners,
      say: (line) => void said.push(line),
      signal: new AbortController().signal,
      retryMs: 1,
      refuseEnd: () => undefined,
      open: async () => {
        call('connecting');
        return {
          groupMembers: async (groups) => {
            call('members');
            return new Map(groups.map((group) => [group, 2]));
          },
          close: async () => undefined,
        };
      },
    },
  );
  expect(said).toEqual(
    ['scan', 'connecting', 'definitions', 'members'].map((what) => `waiting: ${what} failed`),
  );
});
