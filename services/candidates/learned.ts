import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generation } from '../../lib/stream/generations.ts';

type Reads = Pick<RedisPort, 'mgetMany' | 'getRanges'>;

/**
 * Learned rows, each read once per slice: users of one slice ask for the same popular items. Past
 * the bound what was read first goes.
 */
export class SliceRows {
  readonly #redis: Reads;
  readonly #bytesMax: number;
  readonly #rows = new Map<string, Buffer | null>();
  #bytes = 0;

  constructor(redis: Reads, bytesMax: number) {
    this.#redis = redis;
    this.#bytesMax = bytesMax;
  }

  /** Per list of items its rows; a missing row is left out. One round trip for all lists. */
  async read(
    generation: Generation,
    lists: readonly (readonly string[])[],
  ): Promise<Map<string, Buffer>[]> {
    const keys = new Map<string, string>();
    for (const id of lists.flat()) if (!keys.has(id)) keys.set(id, generation.row(id));
    this.#trim();
    await this.#fetch([...keys.values()].filter((key) => !this.#rows.has(key)));
    return lists.map((list) => {
      const found = new Map<string, Buffer>();
      for (const id of list) {
        const row = this.#rows.get(keys.get(id) ?? '');
        if (row !== null && row !== undefined) found.set(id, row);
      }
      return found;
    });
  }

  async #fetch(keys: readonly string[]): Promise<void> {
    const groups = [...Map.groupBy(keys, tagOfKey).values()];
    if (groups.length === 0) return;
    const values = await this.#redis.mgetMany(groups);
    for (const [group, own] of groups.entries())
      for (const [at, key] of own.entries()) {
        const row = values[group]?.[at] ?? null;
        this.#rows.set(key, row);
        this.#bytes += row?.length ?? 0;
      }
  }

  #trim(): void {
    for (const [key, row] of this.#rows) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#rows.delete(key);
      this.#bytes -= row?.length ?? 0;
    }
  }
}

/** All keys of one partition start with the same hash tag, so that one MGET may name them. */
const tagOfKey = (key: string): string => key.slice(0, key.indexOf('}') + 1);

/**
 * The small figures at the heads of learned rows, kept for a stated age: a list's hundreds of
 * candidates are mostly those of the last list. Bounded in number; the oldest go first.
 */
export class Heads {
  readonly #redis: Reads;
  readonly #bounds: { readonly ageMsMax: number; readonly headsMax: number };
  /** In the order of reading, so that the first is the oldest. Empty bytes: there is no row. */
  readonly #heads = new Map<string, { readonly bytes: Buffer; readonly atMs: number }>();

  constructor(redis: Reads, bounds: { readonly ageMsMax: number; readonly headsMax: number }) {
    this.#redis = redis;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#heads.size;
  }

  /** Heads of items, at most `ageMsMax` old; a missing row is left out. One round trip. */
  async read(
    generation: Generation,
    ids: ReadonlySet<string>,
    { bytes, nowMs }: { readonly bytes: number; readonly nowMs: number },
  ): Promise<Map<string, Buffer>> {
    this.#expire(nowMs);
    const found = new Map<string, Buffer>();
    const missing: string[] = [];
    // Not by the row's key: to find an item's partition costs more than all the rest.
    const { id4 } = generation.current;
    for (const id of ids) {
      const known = this.#heads.get(id4 + id)?.bytes;
      if (known === undefined) missing.push(id);
      else if (known.length > 0) found.set(id, known);
    }
    const ranges = missing.map((id) => ({ key: generation.row(id), start: 0, end: bytes - 1 }));
    const heads = ranges.length === 0 ? [] : await this.#redis.getRanges(ranges);
    for (const [at, id] of missing.entries()) {
      // A copy: what Redis sent is a view of a larger reply, which would be kept alive.
      const head = Buffer.from(heads[at] ?? []);
      this.#heads.delete(id4 + id);
      this.#heads.set(id4 + id, { bytes: head, atMs: nowMs });
      if (head.length > 0) found.set(id, head);
    }
    return found;
  }

  #expire(nowMs: number): void {
    const { ageMsMax, headsMax } = this.#bounds;
    for (const [key, { atMs }] of this.#heads) {
      if (nowMs - atMs <= ageMsMax && this.#heads.size <= headsMax) return;
      this.#heads.delete(key);
    }
  }
}
