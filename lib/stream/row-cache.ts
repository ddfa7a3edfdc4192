import type { RowCodec } from './topology.ts';

/**
 * Rows kept across slices, for folds with large rows. Bounded in bytes as rows count them; the
 * least recently touched go first. Dropped whole on any refusal and on revocation: what it holds
 * is right only while this process alone moves the partition's offset.
 */
export class RowCache<Row> {
  readonly #codec: RowCodec<Row>;
  readonly #bytesMax: number;
  #rows = new Map<string, { row: Row; bytes: number }>();
  #bytes = 0;

  constructor(codec: RowCodec<Row>, bytesMax: number) {
    this.#codec = codec;
    this.#bytesMax = bytesMax;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)?.row;
  }

  /** Puts a row in, or counts it anew after it changed, and makes it the most recent. */
  put(key: string, row: Row): void {
    if (this.#bytesMax === 0) return;
    const before = this.#rows.get(key);
    if (before !== undefined) {
      this.#rows.delete(key);
      this.#bytes -= before.bytes;
    }
    const bytes = this.#codec.bytes(row) + key.length + entryOverheadBytes;
    this.#rows.set(key, { row, bytes });
    this.#bytes += bytes;
  }

  remove(key: string): void {
    this.#bytes -= this.#rows.get(key)?.bytes ?? 0;
    this.#rows.delete(key);
  }

  /** Only between slices: within one, rows must stay where they are. */
  trim(): void {
    for (const [key, { bytes }] of this.#rows) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#rows.delete(key);
      this.#bytes -= bytes;
    }
  }

  drop(): void {
    this.#rows = new Map();
    this.#bytes = 0;
  }
}

/** A Map entry, its key and the wrapper, roughly. */
const entryOverheadBytes = 120;
