import { FoldPartition, type SliceResult } from './fold-partition.ts';
import { defaultBounds, type SliceBounds } from './fold-slice.ts';
import { type Header, parseHeader } from './header.ts';
import { type Identity, identityOf } from './identity.ts';
import { foldKeys } from './keys.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';
import { defaultPoisonLimits, type Failure, PoisonMeter } from './poison.ts';
import { type Fold, inputsOf, type LogRecord, type OutMessage } from './topology.ts';

export interface DriveOptions {
  readonly partition?: number;
  readonly partitions?: number;
  readonly bounds?: Partial<SliceBounds>;
  /** State to go on from. */
  readonly store?: MemoryStore;
}

export interface Driven {
  /** Stored bytes by row key. */
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly shared: Buffer | null;
  readonly header: Header | null;
  readonly emitted: readonly OutMessage[];
  readonly failures: readonly Failure[];
  readonly skipped: ReadonlyMap<string, number>;
  readonly store: MemoryStore;
  readonly identity: Identity;
}

/** The identity of a fold under a partition count. */
export const foldIdentity = <In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  partitions: number,
): Identity => {
  const { name, revision, layout, config } = fold;
  const horizonMs = fold.horizon?.ms ?? null;
  const inputs = inputsOf(fold);
  return identityOf({ name, revision, layout, partitions, config, horizonMs, inputs });
};

/** Records of one input of a fold, next to be folded. */
export interface DriveStep {
  readonly input: number;
  readonly records: readonly LogRecord[];
}

/**
 * Folds records of one partition in memory, through the very code of the runner: no broker, no
 * Redis and no clock. Records at offsets that the store has folded already are passed by, as a
 * consumer that seeks would.
 */
export const drive = <In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  records: readonly LogRecord[],
  options: DriveOptions = {},
): Promise<Driven> => driveSteps(fold, [{ input: 0, records }], options);

/** The same for a fold with a second input: each step is of one of them. */
export async function driveSteps<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  steps: readonly DriveStep[],
  options: DriveOptions = {},
): Promise<Driven> {
  const partition = options.partition ?? 0;
  const identity = foldIdentity(fold, options.partitions ?? 1);
  const keys = foldKeys({ code: fold.code, family: fold.family, id4: identity.id4 });
  const store = options.store ?? memoryStore();
  const emitted: OutMessage[] = [];
  const failures: Failure[] = [];
  const skipped = new Map<string, number>();
  const owner = new FoldPartition(fold, {
    partition,
    identity,
    keys,
    store,
    bounds: { ...defaultBounds, ...options.bounds },
    meter: new PoisonMeter(defaultPoisonLimits),
    send: async (messages) => void emitted.push(...messages),
    failureMessage: ({ record, reason, detail }) => {
      failures.push({ record, reason, detail });
      return { topic: 'failed-events', key: reason, value: record.value };
    },
  });
  await owner.load();
  for (const { input, records } of steps) {
    await inputsOf(fold)[input]?.prepare(records);
    let rest = records.filter(({ offset }) => offset >= (owner.header.offsets[input] ?? 0));
    while (rest.length > 0) {
      const result: SliceResult = await owner.slice(rest, input);
      for (const [reason, n] of result.skipped) skipped.set(reason, (skipped.get(reason) ?? 0) + n);
      if (result.kind !== 'applied') break;
      rest = rest.slice(result.records);
    }
  }
  const prefix = keys.row(partition, '');
  const rows = [...store.values].filter(([key]) => key.startsWith(prefix));
  const header = store.values.get(keys.header(partition));
  return {
    rows: new Map(rows.map(([key, bytes]) => [key.slice(prefix.length), bytes])),
    shared: store.values.get(keys.shared(partition)) ?? null,
    header: header === undefined ? null : parseHeader(header),
    emitted,
    failures,
    skipped,
    store,
    identity,
  };
}
