import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { closeHands, generationFor, openHands } from '../../lib/stream/hands.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { openIngestFold } from '../../services/ingest/main.ts';
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

/**
 * The same of what is folded from \`user-events\` for another set of internal topics: what one set's
 * \`ingest\` has decided the other's does not decide otherwise.
 */
export async function keepDecisionsOfSet(from: CommonConfig, to: CommonConfig): Promise<void> {
  const fold = await openIngestFold(to, openRegistry(to.registry));
  const hands = await openHands(to, {
    service: fold.name,
    topics: [fold.input.topic],
    partitions: null,
  });
  try {
    const current = await readCurrent(hands.redis, from.prefix, fold.name);
    if (current === null) return;
    const identity = foldIdentity(fold, hands.partitions);
    const keys = foldKeys(generationFor({ fold, identity }, hands.partitions));
    for (let partition = 0; partition < hands.partitions; partition += 1) {
      const decided = await hands.store.decided(foldKeys(current).decided(partition));
      if (decided.size === 0) continue;
      const headerKey = keys.header(partition);
      const [bytes] = await hands.store.load([headerKey]);
      const expected = bytes?.toString() ?? null;
      const offsets = [...decided];
      await hands.store.decide({ headerKey, expected, key: keys.decided(partition), offsets });
    }
  } finally {
    await closeHands(hands);
  }
}
