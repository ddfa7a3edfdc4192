import { partitionOf } from '../kafka/partitioner.ts';
import type { RedisPort } from '../redis/redis-port.ts';
import { type CurrentGeneration, isSame, readCurrent } from './current.ts';
import { type FoldKeys, foldKeys } from './keys.ts';

/** Where the state of a fold is now, and how its keys are named. */
export interface Generation {
  readonly current: CurrentGeneration;
  /** For whoever knows the partition already. */
  readonly keys: FoldKeys;
  /** Key of a row: of the user or item itself, or one that lies in its owner's partition. */
  row(key: string, owner?: string): string;
  /** Key of the header of a user's or an item's partition. */
  header(owner: string): string;
  /** Keys of the shared values of all partitions. */
  shared(): readonly string[];
}

export const generationOf = (current: CurrentGeneration): Generation => {
  const keys = foldKeys(current);
  const { partitions } = current;
  return {
    current,
    keys,
    row: (key, owner = key) => keys.row(partitionOf(owner, partitions), key),
    header: (owner) => keys.header(partitionOf(owner, partitions)),
    shared: () => Array.from({ length: partitions }, (_, partition) => keys.shared(partition)),
  };
};

export interface GenerationsOptions {
  /** Where the pointer of a fold lies; it may change from one read to the next. */
  readonly prefixOf: (name: string) => string;
  /** A pointer is read again once it is older than this; 0: whenever it is asked for. */
  readonly ageMsMax: number;
  /** Milliseconds that never go back. */
  readonly clockMs: () => number;
}

interface Pointer {
  readonly prefix: string;
  readonly generation: Generation;
  readonly readMs: number;
}

/**
 * The current generations of the folds that a service reads, by name. A switched pointer is followed
 * within the stated age; what was current keeps its state until it is dropped by hand, long after.
 */
export class Generations {
  readonly #redis: Pick<RedisPort, 'getString'>;
  readonly #options: GenerationsOptions;
  readonly #known = new Map<string, Pointer>();

  constructor(redis: Pick<RedisPort, 'getString'>, options: GenerationsOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  /** As it was last read. Undefined: the fold has no current generation (yet). */
  get(name: string): Generation | undefined {
    return this.#known.get(name)?.generation;
  }

  /**
   * Those of `names` that have a current generation. Where Redis is away it throws, and what is
   * known stays. Others that nobody has asked for in time are forgotten.
   */
  async read(names: Iterable<string>): Promise<ReadonlyMap<string, Generation>> {
    const atMs = this.#options.clockMs();
    const wanted = [...new Set(names)];
    // Taken here, not looked up at the end: another call may forget what this one asked for.
    const read = await Promise.all(wanted.map((name) => this.#read(name, atMs)));
    const found = new Map<string, Generation>();
    for (const [index, name] of wanted.entries()) {
      const generation = read[index];
      if (generation !== undefined) found.set(name, generation);
    }
    this.#forget(new Set(wanted), atMs);
    return found;
  }

  async #read(name: string, atMs: number): Promise<Generation | undefined> {
    const prefix = this.#options.prefixOf(name);
    const known = this.#known.get(name);
    if (known?.prefix === prefix && !this.#isOld(known, atMs)) return known.generation;
    const current = await readCurrent(this.#redis, prefix, name);
    if (current === null) {
      this.#known.delete(name);
      return undefined;
    }
    const generation =
      known !== undefined && isSame(known.generation.current, current)
        ? known.generation
        : generationOf(current);
    this.#known.set(name, { prefix, generation, readMs: atMs });
    return generation;
  }

  #forget(wanted: ReadonlySet<string>, atMs: number): void {
    for (const [name, pointer] of this.#known)
      if (!wanted.has(name) && this.#isOld(pointer, atMs)) this.#known.delete(name);
  }

  #isOld({ readMs }: Pointer, atMs: number): boolean {
    const { ageMsMax } = this.#options;
    return ageMsMax === 0 || atMs - readMs > ageMsMax;
  }
}
