import { expect, test } from 'vitest';

import { formatHeader } from '../../lib/stream/header.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { refuseBehindLog } from './behind-log.ts';

const current = {
  name: 'served',
  hash: 'h',
  id4: 'abcd',
  lineage: 'l1',
  code: 'v',
  family: 'user',
  partitions: 2,
};
const header = (offset: number, hash = 'a1b2c3d4'): Buffer =>
  Buffer.from(formatHeader({ offsets: [offset], hashes: [hash], marks: [[]], newestMs: [-1] }));

const look = (headers: readonly (Buffer | null)[], pointer = true): Promise<void> => {
  const hands = {
    redis: {
      getString: async () => (pointer ? JSON.stringify(current) : null),
      mgetMany: async () => headers.map((bytes) => [bytes]),
    },
    admin: {
      topicOffsets: async () => [0, 1].map((partition) => ({ partition, low: 5, high: 9 })),
    },
  } as unknown as Pick<Hands, 'admin' | 'redis'>;
  return refuseBehindLog(hands, { prefix: 'p', name: 'served', topics: ['p.exposures.v1'] });
};

test('what can never move again is not built beside, with what to do instead', async () => {
  await expect(look([header(5), header(4)])).rejects.toThrow(
    /p\.exposures\.v1\/1 begins at 5, but its state stands at 4: .*`npx freshet reset served --yes`/,
  );
});

test('what still can, or has folded nothing, is', async () => {
  await look([header(5), header(9)]);
  await look([null, header(0, '')]);
  await look([null, null], false);
});
