import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';

/** Where the state of a fold is now, and how its keys are named. */
export interface Generation {
  readonly current: CurrentGeneration;
  /** Key of the row of a user or an item. */
  row(key: string, owner?: string): string;
  /** Key of the header of a user's or an item's partition. */
  header(owner: string): string;
  /** Keys of the shared values of all partitions. */
  shared(): readonly string[];
}

const generationOf = (current: CurrentGeneration): Generation => {
  const keys: FoldKeys = foldKeys(current);
  const { partitions } = current;
  return {
    current,
    row: (key, owner = key) => keys.row(partitionOf(owner, partitions), key),
    header: (owner) => keys.header(partitionOf(owner, partitions)),
    shared: () => Array.from({ length: partitions }, (_, partition) => keys.shared(partition)),
  };
};

/**
 * The current generations of the folds that serving reads, by name. A switched pointer is followed
 * within seconds; what was current keeps its state until it is dropped by hand, long after.
 */
export class Generations {
  readonly #redis: Pick<RedisPort, 'getString'>;
  readonly #prefix: string;
  readonly #known = new Map<string, Generation>();

  constructor(redis: Pick<RedisPort, 'getString'>, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Undefined: the fold has no current generation (yet). */
  get(name: string): Generation | undefined {
    return this.#known.get(name);
  }

  async refresh(names: Iterable<string>): Promise<void> {
    const wanted = new Set(names);
    const found = await Promise.all(
      [...wanted].map((name) => readCurrent(this.#redis as RedisPort, this.#prefix, name)),
    );
    for (const name of this.#known.keys()) if (!wanted.has(name)) this.#known.delete(name);
    for (const [index, name] of [...wanted].entries()) {
      const current = found[index];
      if (current === null || current === undefined) this.#known.delete(name);
      else if (this.#known.get(name)?.current.hash !== current.hash)
        this.#known.set(name, generationOf(current));
    }
  }
}
