import { expect, test } from 'vitest';

import { formatHeader } from '../../lib/stream/header.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { refuseLostPart } from './lost-part.ts';

const current = {
  name: 'ingest',
  hash: 'h',
  id4: 'abcd',
  lineage: 'l1',
  code: 'i',
  family: 'source',
  partitions: 2,
};
const header = Buffer.from(
  formatHeader({ offsets: [7], hashes: ['a1b2c3d4'], marks: [[]], newestMs: [-1] }),
);

interface World {
  readonly pointer: boolean;
  readonly headers: readonly (Buffer | null)[];
  readonly progress: readonly (readonly [number, number])[];
}

const look = ({ pointer, headers, progress }: World): Promise<void> => {
  const hands = {
    redis: {
      getString: async () => (pointer ? JSON.stringify(current) : null),
      mgetMany: async () => headers.map((bytes) => [bytes]),
    },
    admin: {
      topicOffsets: async () => [0, 1].map((partition) => ({ partition, low: 3, high: 9 })),
      groupOffsets: async () => new Map(progress),
    },
  } as unknown as Pick<Hands, 'admin' | 'redis'>;
  return refuseLostPart(hands, { prefix: 'p', name: 'ingest', topics: ['p.user-events.v1'] });
};

test('where a part of the state is gone, a build is refused, with what to do instead', async () => {
  const lost = { pointer: true, headers: [header, null], progress: [[1, 9]] } as const;
  await expect(look(lost)).rejects.toThrow(
    /state of partition 1 and kept the rest: .*`npx freshet run ingest --bootstrap`/,
  );
});

test('a partition that nothing was folded of yet is not lost, nor is state that is gone whole', async () => {
  await look({ pointer: true, headers: [header, null], progress: [] });
  await look({ pointer: true, headers: [header, null], progress: [[1, 3]] });
  await look({ pointer: true, headers: [header, header], progress: [[1, 9]] });
  await look({ pointer: false, headers: [null, null], progress: [[1, 9]] });
});
