import { FoldPartition, type FoldPartitionDeps } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import type { MemoryStore } from '../../lib/stream/memory-store.ts';
import { PoisonMeter } from '../../lib/stream/poison.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import { countingFold } from './counting-fold.ts';

/** An owner of partition 0 over a store, with whatever a test wants to be otherwise. */
export function ownerOf(store: MemoryStore, change: Partial<FoldPartitionDeps> = {}) {
  const fold = countingFold({ cacheBytesMax: 10_000 });
  const identity = foldIdentity(fold, 1);
  const sent: OutMessage[] = [];
  const keys = foldKeys({ ...fold, id4: identity.id4 });
  const owner = new FoldPartition(fold, {
    partition: 0,
    identity,
    keys,
    store,
    bounds: defaultBounds,
    meter: new PoisonMeter({ consecutiveMax: 3, inWindowMax: 50, windowRecords: 100 }),
    send: async (messages) => void sent.push(...messages),
    failureMessage: ({ record, reason }) => ({
      topic: 'failed',
      key: `${record.offset} ${reason}`,
      value: record.value,
    }),
    ...change,
  });
  return { owner, sent, keys };
}
