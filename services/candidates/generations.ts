import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';

/** Where the published state of a fold lies. */
export interface Generation {
  readonly current: CurrentGeneration;
  readonly keys: FoldKeys;
  /** Key of the row of an item or a user, whatever its partition. */
  rowKey(id: string): string;
}

/** Follows the pointers `current` of the folds that are read; a pointer's age is bounded. */
export class Generations {
  readonly #redis: RedisPort;
  readonly #prefix: string;
  readonly #ageMsMax: number;
  readonly #known = new Map<string, { readonly generation: Generation; readonly atMs: number }>();

  constructor(redis: RedisPort, { prefix, ageMsMax }: { prefix: string; ageMsMax: number }) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#ageMsMax = ageMsMax;
  }

  /** Those of `names` that have a current generation. */
  async read(names: readonly string[], nowMs: number): Promise<Map<string, Generation>> {
    const outdated = names.filter(
      (name) => nowMs - (this.#known.get(name)?.atMs ?? -Infinity) > this.#ageMsMax,
    );
    await Promise.all(outdated.map((name) => this.#refresh(name, nowMs)));
    const found = new Map<string, Generation>();
    for (const name of names) {
      const generation = this.#known.get(name)?.generation;
      if (generation !== undefined) found.set(name, generation);
    }
    return found;
  }

  async #refresh(name: string, atMs: number): Promise<void> {
    const current = await readCurrent(this.#redis, this.#prefix, name);
    if (current === null) this.#known.delete(name);
    else this.#known.set(name, { generation: generationOf(current), atMs });
  }
}

export function generationOf(current: CurrentGeneration): Generation {
  const keys = foldKeys(current);
  const rowKey = (id: string): string => keys.row(partitionOf(id, current.partitions), id);
  return { current, keys, rowKey };
}
