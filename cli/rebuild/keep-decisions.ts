import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { decisionOf } from '../../lib/stream/fold-partition.ts';
import { closeHands, generationFor, type Hands, openHands } from '../../lib/stream/hands.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
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
    const decided = inputsOf(fold).flatMap(({ topic }, input) =>
      [...failed.stayFailed(fold.name, topic, partition)].map((offset) =>
        decisionOf(offset, input),
      ),
    );
    await keep(hands, { keys, partition }, decided);
  }
}

/**
 * Only of what is yet to be folded: below that the generation has decided for itself, and what was
 * folded is not to count as failed. Whoever folds it may move on meanwhile.
 */
export async function keep(
  { store }: Pick<Hands, 'store'>,
  { keys, partition }: { readonly keys: FoldKeys; readonly partition: number },
  decided: readonly number[],
): Promise<void> {
  const headerKey = keys.header(partition);
  for (;;) {
    const [bytes] = await store.load([headerKey]);
    const expected = bytes?.toString() ?? null;
    const next = expected === null ? [] : parseHeader(expected).offsets;
    const offsets = decided.filter((one) =>
      one < 0 ? -1 - one >= (next[1] ?? 0) : one >= (next[0] ?? 0),
    );
    if (offsets.length === 0) return;
    const decision = { headerKey, expected, key: keys.decided(partition), offsets };
    if ((await store.decide(decision)) === 'applied') return;
  }
}

/**
 * The same of what is folded from `user-events` for another set of internal topics: what one set's
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
      await keep(hands, { keys, partition }, [...decided]);
    }
  } finally {
    await closeHands(hands);
  }
}
