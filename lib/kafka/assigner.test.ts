import { expect, test } from 'vitest';

import { copartitioned } from './assigner.ts';
import { kafkajs } from './kafkajs.ts';

async function assigned(memberIds: readonly string[], counts: Readonly<Record<string, number>>) {
  const cluster = {
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: counts[topic] ?? 0 }, (_, partitionId) => ({ partitionId })),
  };
  const assigner = copartitioned({ cluster } as never);
  const members = memberIds.map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }));
  const list = await assigner.assign({ members, topics: Object.keys(counts) });
  return new Map(
    list.map(({ memberId, memberAssignment }) => [
      memberId,
      kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
    ]),
  );
}

test('a partition number goes to one member, on every topic', async () => {
  const shares = await assigned(['b', 'a', 'c'], { left: 8, right: 8 });
  for (const share of shares.values()) expect(share['left']).toEqual(share['right']);
  const all = [...shares.values()].flatMap((share) => share['left'] ?? []);
  expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const sizes = [...shares.values()].map((share) => share['left']?.length ?? 0);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

test('the order in which members are listed changes nothing', async () => {
  const counts = { left: 5 };
  expect(await assigned(['a', 'b', 'c'], counts)).toEqual(await assigned(['c', 'a', 'b'], counts));
});

test('a member too many gets nothing, and none is left out of the answer', async () => {
  const shares = await assigned(['a', 'b', 'c'], { left: 2 });
  expect(
    [...shares.values()].map((share) => share['left']?.length ?? 0).toSorted((a, b) => a - b),
  ).toEqual([0, 1, 1]);
});
