import type { RedisPort } from '../lib/redis/redis-port.ts';
import type { Generation } from '../lib/stream/generations.ts';
import { byTag } from './tags.ts';

/** Name of the fold that learns weights from training examples. */
export const weightsFoldName = 'weights';

/** How old weights may be that a list is ranked by. */
export const weightsAgeMsMax = 1_000;

interface Kept {
  readonly id4: string;
  readonly atMs: number;
  /** Null: nothing was learned under this name yet. */
  readonly bytes: Buffer | null;
}

/**
 * The weights that models learn online, by name: kept for a stated age, so that reading them costs
 * a list nothing. Whoever ranks shares what one service folds.
 */
export class LearnedWeights {
  readonly #ageMsMax: number;
  readonly #kept = new Map<string, Kept>();

  constructor(ageMsMax = weightsAgeMsMax) {
    this.#ageMsMax = ageMsMax;
  }

  /** Keys to read before `take`; none while what is there is fresh. */
  due(names: Iterable<string>, generation: Generation | undefined, nowMs: number): string[] {
    if (generation === undefined) {
      this.#kept.clear();
      return [];
    }
    return [...new Set(names)]
      .filter((name) => !this.#fresh(this.#kept.get(name), generation, nowMs))
      .map((name) => generation.row(name));
  }

  /** `read`: values by key. Names whose keys are not among them stay as they were. */
  take(
    names: Iterable<string>,
    generation: Generation | undefined,
    { read, nowMs }: { readonly read: ReadonlyMap<string, Buffer | null>; readonly nowMs: number },
  ): void {
    if (generation === undefined) return;
    const { id4 } = generation.current;
    for (const name of names) {
      const bytes = read.get(generation.row(name));
      if (bytes === undefined) continue;
      // A copy: what Redis sent is a view of a larger reply, which would be kept alive.
      this.#kept.set(name, { id4, atMs: nowMs, bytes: bytes === null ? null : Buffer.from(bytes) });
    }
    for (const [name, { atMs }] of this.#kept)
      if (nowMs - atMs > 60 * this.#ageMsMax) this.#kept.delete(name);
  }

  /** The two in one, for whoever has no other keys to read along. */
  async read(
    redis: Pick<RedisPort, 'mgetMany'>,
    names: readonly string[],
    { generation, nowMs }: { readonly generation: Generation | undefined; readonly nowMs: number },
  ): Promise<void> {
    const groups = byTag(this.due(names, generation, nowMs));
    if (groups.length === 0) return;
    const values = await redis.mgetMany(groups);
    const read = new Map(
      groups.flatMap((keys, group) =>
        keys.map((key, at): [string, Buffer | null] => [key, values[group]?.[at] ?? null]),
      ),
    );
    this.take(names, generation, { read, nowMs });
  }

  /** Null where there are none, and for a model that learns none. */
  of({ trainer }: { readonly trainer: { readonly name: string } | null }): Buffer | null {
    return trainer === null ? null : (this.#kept.get(trainer.name)?.bytes ?? null);
  }

  /** Age of the oldest of these weights; null where none were learned. */
  ageMs(names: Iterable<string>, nowMs: number): number | null {
    let age: number | null = null;
    for (const name of names) {
      const kept = this.#kept.get(name);
      if (kept !== undefined && kept.bytes !== null) age = Math.max(age ?? 0, nowMs - kept.atMs);
    }
    return age;
  }

  /** A clock that went back makes nothing fresh. */
  #fresh(kept: Kept | undefined, { current }: Generation, nowMs: number): boolean {
    if (kept === undefined || kept.id4 !== current.id4) return false;
    return kept.atMs <= nowMs && nowMs - kept.atMs < this.#ageMsMax;
  }
}
