import type { Generation } from '../lib/stream/generations.ts';

/** Rows of one generation that somebody asks for. */
export interface Ask {
  readonly generation: Generation;
  readonly ids: readonly string[];
  /** In whose partition the rows lie; absent: each in its own. */
  readonly owner?: string;
}

/** A row that is not kept: its key, and everybody who waits for it. */
export interface Wanted {
  readonly generation: Generation;
  readonly id: string;
  readonly key: string;
  /** A user's own row, not an item's: see `put`. */
  readonly own: boolean;
  readonly by: Map<string, Buffer>[];
}

/** What is to be read, each row once. */
export class Missing {
  readonly wanted: Wanted[] = [];
  readonly #byGeneration = new Map<string, Map<string, Wanted>>();

  add({ generation, owner }: Ask, id: string, found: Map<string, Buffer>): void {
    const { id4 } = generation.current;
    let known = this.#byGeneration.get(id4);
    if (known === undefined) this.#byGeneration.set(id4, (known = new Map()));
    const before = known.get(id);
    if (before !== undefined) {
      before.by.push(found);
      return;
    }
    const key = generation.row(id, owner);
    const wanted = { generation, id, key, own: owner !== undefined, by: [found] };
    known.set(id, wanted);
    this.wanted.push(wanted);
  }
}

export interface KeptBounds {
  readonly ageMsMax: number;
  readonly bytesMax: number;
  readonly rowsMax: number;
}

/** What is kept of one generation. */
interface Among {
  readonly id4: string;
  readonly rows: Map<string, Kept>;
}

interface Kept {
  readonly among: Among;
  readonly id: string;
  /** Null: there was no such row. */
  readonly bytes: Buffer | null;
  readonly atMs: number;
}

/** Around a row's bytes: what an entry takes in the maps and in the queue, about. */
export const keptOverheadBytes = 100;
const sizeOf = ({ bytes }: Kept): number => keptOverheadBytes + (bytes?.length ?? 0);
const absent = Buffer.alloc(0);

/**
 * What was read of rows, whole or their heads: a list asks for mostly the same as the last one.
 * Bounded in age, bytes and number; what was read first goes first. A miss is kept as well.
 */
export class KeptReads {
  readonly #bounds: KeptBounds;
  readonly #byGeneration = new Map<string, Among>();
  /** In the order of reading, from `#first` on: a Map would pass over all that ever left its front. */
  #queue: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #rows = 0;

  constructor(bounds: KeptBounds) {
    this.#bounds = bounds;
  }

  /** Before `take`: what is too old leaves. */
  expire(nowMs: number): void {
    const { ageMsMax } = this.#bounds;
    for (let first = this.#queue[this.#first]; first !== undefined; first = this.#dropFirst())
      // A clock that went back makes nothing fresh.
      if (Math.abs(nowMs - first.atMs) <= ageMsMax) return;
  }

  /**
   * Per id its row, in the order of the ids. What is not kept is added to `missing`, and in place
   * once that was `put`: nobody else's reads can take away what was there when it was asked for.
   */
  take(ask: Ask, missing: Missing): Map<string, Buffer> {
    const kept = this.#byGeneration.get(ask.generation.current.id4)?.rows;
    const found = new Map<string, Buffer>();
    for (const id of ask.ids) {
      const one = kept?.get(id);
      if (one === undefined) {
        found.set(id, absent);
        missing.add(ask, id, found);
      } else if (one.bytes !== null) found.set(id, one.bytes);
    }
    return found;
  }

  /**
   * What was read of it; null: there is no such row. A user's own row is not kept: nobody else asks
   * for it, and what is new in it is to show at the user's next event.
   */
  put({ generation, id, own, by }: Wanted, read: Buffer | null, nowMs: number): void {
    // A copy: what Redis sent is a view of a larger reply, which would be kept alive.
    const bytes = read === null ? null : Buffer.from(read);
    if (!own) this.#keep(generation.current.id4, { id, bytes, atMs: nowMs });
    for (const found of by)
      if (bytes === null) found.delete(id);
      else found.set(id, bytes);
  }

  #keep(id4: string, row: Omit<Kept, 'among'>): void {
    const { bytesMax, rowsMax } = this.#bounds;
    const before = this.#byGeneration.get(id4)?.rows.get(row.id);
    if (before !== undefined) this.#forget(before);
    const among = this.#byGeneration.get(id4) ?? { id4, rows: new Map<string, Kept>() };
    this.#byGeneration.set(id4, among);
    const kept = { ...row, among };
    among.rows.set(row.id, kept);
    this.#queue.push(kept);
    this.#bytes += sizeOf(kept);
    this.#rows += 1;
    while (this.#bytes > bytesMax || this.#rows > rowsMax) this.#dropFirst();
  }

  /** The first after it. */
  #dropFirst(): Kept | undefined {
    const first = this.#queue[this.#first];
    if (first === undefined) return undefined;
    this.#queue[this.#first] = undefined;
    this.#first += 1;
    // One that was read again since stands further behind.
    if (first.among.rows.get(first.id) === first) this.#forget(first);
    if (2 * this.#first > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return this.#queue[this.#first];
  }

  #forget(kept: Kept): void {
    const { id4, rows } = kept.among;
    rows.delete(kept.id);
    if (rows.size === 0) this.#byGeneration.delete(id4);
    this.#bytes -= sizeOf(kept);
    this.#rows -= 1;
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
