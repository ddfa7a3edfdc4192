import type { PartitionAssigner } from 'kafkajs';

import { kafkajs } from './kafkajs.ts';

const { AssignerProtocol } = kafkajs;

/**
 * Gives partition p of *all* topics to one member, since a service with several inputs keeps one
 * vector of offsets per partition number and compares it whole. Members are taken in the order of
 * their ids, so that the leader's choice is the same whoever leads.
 */
export const copartitioned: PartitionAssigner = ({ cluster }) => ({
  name: 'freshet-copartitioned',
  version: 1,
  assign: async ({ members, topics }) => {
    const ids = members.map((member) => member.memberId).toSorted();
    const assignment = new Map(ids.map((id) => [id, {} as Record<string, number[]>]));
    for (const topic of topics) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const own = assignment.get(ids[partitionId % ids.length] ?? '');
        if (own !== undefined) (own[topic] ??= []).push(partitionId);
      }
    }
    return [...assignment].map(([memberId, topicPartitions]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment: topicPartitions,
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: 'freshet-copartitioned',
    metadata: AssignerProtocol.MemberMetadata.encode({
      version: 1,
      topics,
      userData: Buffer.alloc(0),
    }),
  }),
});
