import { foldKeys } from '../../lib/stream/keys.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { FailedOnTopic } from '../verify/failures.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { topicName } from '../../topics/topic.ts';
import type { FoldToBuild } from './plan.ts';

/**
 * Where the state was lost, what had failed because its schema was unknown at the time is known
 * from failed-events alone: it stays failed (DESIGN 4.10).
 */
export async function keepDecisions({
  fold,
  hands,
  building,
  options,
}: FoldToBuild): Promise<void> {
  const { config } = options;
  const { generation } = building;
  const ends = await hands.admin.topicOffsets(topicName(config.prefix, failedEvents));
  const failed = await FailedOnTopic.read(
    config,
    ends.map(({ high }) => high),
  );
  const keys = foldKeys(generation);
  for (let partition = 0; partition < generation.partitions; partition += 1) {
    const offsets = inputsOf(fold).flatMap(({ topic }, input) =>
      [...failed.stayFailed(fold.name, topic, partition)].map((offset) =>
        input === 0 ? offset : -1 - offset,
      ),
    );
    if (offsets.length === 0) continue;
    const headerKey = keys.header(partition);
    const [bytes] = await hands.store.load([headerKey]);
    const expected = bytes?.toString() ?? null;
    await hands.store.decide({ headerKey, expected, key: keys.decided(partition), offsets });
  }
}
