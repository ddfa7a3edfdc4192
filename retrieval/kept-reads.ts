import type { Generation } from '../lib/stream/generations.ts';

/** A key of a row of one generation, for whoever asks for many. */
export interface Ask {
  readonly generation: Generation;
  readonly ids: readonly string[];
  /** In whose partition the rows lie; absent: each in its own. */
  readonly owner?: string;
}

/**
 * Learned rows, each read once per slice: users of one slice ask for the same popular items. Past
 * the bound what was read first goes.
 */
export class SliceRows {
  readonly #bytesMax: number;
  /** By generation and id: to find an item's partition costs more than all the rest. */
  readonly #rows = new Map<string, Buffer | null>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Keys to read before `take`, by the name that `put` is to be told. */
  missing(asks: readonly Ask[]): Map<string, string> {
    this.#trim();
    const keys = new Map<string, string>();
    for (const { generation, ids, owner } of asks)
      for (const id of ids) {
        const name = generation.current.id4 + id;
        if (!this.#rows.has(name) && !keys.has(name)) keys.set(name, generation.row(id, owner));
      }
    return keys;
  }

  put(name: string, row: Buffer | null): void {
    this.#rows.set(name, row);
    this.#bytes += row?.length ?? 0;
  }

  /** Per id its row; a missing row is left out. */
  take({ generation, ids }: Ask): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const id of ids) {
      const row = this.#rows.get(generation.current.id4 + id);
      if (row !== null && row !== undefined) found.set(id, row);
    }
    return found;
  }

  #trim(): void {
    for (const [key, row] of this.#rows) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#rows.delete(key);
      this.#bytes -= row?.length ?? 0;
    }
  }
}

/**
 * The small figures at the heads of learned rows, kept for a stated age: a list's hundreds of
 * candidates are mostly those of the last list. Bounded in number; the oldest go first.
 */
export class Heads {
  readonly #bounds: { readonly ageMsMax: number; readonly headsMax: number };
  /** In the order of reading, so that the first is the oldest. Empty bytes: there is no row. */
  readonly #heads = new Map<string, { readonly bytes: Buffer; readonly atMs: number }>();

  constructor(bounds: { readonly ageMsMax: number; readonly headsMax: number }) {
    this.#bounds = bounds;
  }

  /** Names and keys of heads to read before `take`. */
  missing(asks: readonly Ask[], nowMs: number): Map<string, string> {
    this.#expire(nowMs);
    const keys = new Map<string, string>();
    for (const { generation, ids, owner } of asks)
      for (const id of ids) {
        const name = generation.current.id4 + id;
        if (!this.#heads.has(name) && !keys.has(name)) keys.set(name, generation.row(id, owner));
      }
    return keys;
  }

  put(name: string, head: Buffer, nowMs: number): void {
    this.#heads.delete(name);
    // A copy: what Redis sent is a view of a larger reply, which would be kept alive.
    this.#heads.set(name, { bytes: Buffer.from(head), atMs: nowMs });
  }

  take({ generation, ids }: Ask): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const id of ids) {
      const bytes = this.#heads.get(generation.current.id4 + id)?.bytes;
      if (bytes !== undefined && bytes.length > 0) found.set(id, bytes);
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

/** The partitions' rankings of a generation, kept for a stated age. */
export class Rankings {
  readonly #ageMsMax: number;
  readonly #kept = new Map<
    string,
    { readonly rankings: readonly Buffer[]; readonly atMs: number }
  >();

  constructor(ageMsMax: number) {
    this.#ageMsMax = ageMsMax;
  }

  /** Keys to read before `get`; none while what is there is fresh. */
  due({ current, shared }: Generation, nowMs: number): readonly string[] {
    const kept = this.#kept.get(current.id4);
    return kept !== undefined && nowMs - kept.atMs < this.#ageMsMax ? [] : shared();
  }

  put({ current }: Generation, rankings: readonly Buffer[], nowMs: number): void {
    for (const [id4, { atMs }] of this.#kept)
      if (nowMs - atMs > 60 * this.#ageMsMax) this.#kept.delete(id4);
    this.#kept.set(current.id4, { rankings: rankings.map((one) => Buffer.from(one)), atMs: nowMs });
  }

  get({ current }: Generation): readonly Buffer[] {
    return this.#kept.get(current.id4)?.rankings ?? none;
  }
}

const none: readonly Buffer[] = [];
