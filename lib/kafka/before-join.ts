import type { PartitionAssigner } from 'kafkajs';

import { within } from '../deadline.ts';

/** Less than a stop may take, and than a member may be silent. */
const finishMsMax = 5_000;

/**
 * Lets a consumer finish before it joins its group, the first time or anew. The client joins in the
 * moment in which it hears that members come or go: its event says so and waits for nobody. The one
 * thing that it awaits first is which broker coordinates the group, asked of the cluster that
 * assigners are given; of what a consumer does, only joining asks that. Until a member has joined,
 * its group takes commits of the generation before.
 *
 * Nobody sends heartbeats meanwhile, and a quarter of the session may have passed since the last:
 * it lasts for half a session at most.
 */
export const beforeJoin =
  (
    assigner: PartitionAssigner,
    sessionMs: number,
    finished: () => Promise<void>,
  ): PartitionAssigner =>
  (config) => {
    const { cluster } = config;
    const find = cluster.findGroupCoordinator.bind(cluster);
    cluster.findGroupCoordinator = async (group) => {
      await within(Math.min(sessionMs / 2, finishMsMax), finished());
      return find(group);
    };
    return assigner(config);
  };
