import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import type { TrainingExample, TrainingPack } from '../../schemas/generated/training-pack.ts';

export interface ExamplePacking {
  /** Full name of the topic `training-examples`. */
  readonly topic: string;
  readonly partitions: number;
  readonly encode: (pack: TrainingPack) => Buffer;
  /** A pack is closed by the interaction that brings it to this size. */
  readonly packBytesMax: number;
}

interface Open {
  examples: TrainingExample[];
  bytes: number;
}

/** Around an example's bytes: offset, kind, lengths. */
const overheadBytes = 40;

/**
 * Packs examples by the partition of their weights, in ascending order of position. All examples
 * of one interaction for one partition lie in one pack, because readers compare positions per
 * interaction (DESIGN 4.5).
 */
export function packExamples(
  examples: readonly TrainingExample[],
  from: { readonly lineage: string; readonly partition: number },
  options: ExamplePacking,
): OutMessage[] {
  const messages: OutMessage[] = [];
  const open = new Map<number, Open>();
  const close = (partition: number, { examples: own }: Open): void => {
    const value = options.encode({
      lineage: from.lineage,
      source_partition: from.partition,
      first_offset: own[0]?.offset ?? 0,
      last_offset: own.at(-1)?.offset ?? 0,
      examples: own,
    });
    messages.push({ topic: options.topic, partition, key: null, value });
  };
  for (const one of examples.toSorted(byPosition)) {
    const partition = partitionOf(one.weights, options.partitions);
    let pack = open.get(partition);
    if (pack !== undefined && isFull(pack, one, options)) {
      close(partition, pack);
      pack = undefined;
    }
    if (pack === undefined) open.set(partition, (pack = { examples: [], bytes: 0 }));
    pack.examples.push(one);
    pack.bytes += overheadBytes + one.weights.length + one.example.length;
  }
  for (const [partition, pack] of open) close(partition, pack);
  return messages;
}

const byPosition = (a: TrainingExample, b: TrainingExample): number =>
  a.offset - b.offset || (a.weights < b.weights ? -1 : 1);

const isFull = (
  { bytes, examples }: Open,
  { offset }: TrainingExample,
  { packBytesMax }: ExamplePacking,
): boolean => bytes >= packBytesMax && examples.at(-1)?.offset !== offset;
