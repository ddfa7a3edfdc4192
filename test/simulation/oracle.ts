import type { LogRecord } from '../../lib/stream/topology.ts';
import { type Content, contentOf, type Item, mix, targetKey } from './folds.ts';

/** What a partition must hold, as text by row key; `''` is the shared value. */
export type Rows = ReadonlyMap<string, string>;

interface State {
  readonly rows: Map<string, { count: number; hash: number }>;
  readonly all: { count: number; hash: number };
  readonly highest: Map<number, number>;
  /** What was emitted by offset. */
  readonly outs: Item[][];
}

const empty = (): State => ({
  rows: new Map(),
  all: { count: 0, hash: 0 },
  highest: new Map(),
  outs: [],
});

/**
 * Folds a log by the plainest of loops, a record at a time as it is asked for, and keeps what was
 * held after each. Shares nothing with the runner.
 */
export class Oracle {
  readonly #log: readonly LogRecord[];
  #failed: ReadonlySet<number> = new Set();
  #state = empty();
  #held: Rows[] = [new Map()];

  constructor(log: readonly LogRecord[]) {
    this.#log = log;
  }

  /** Records that count as failed for the time at which they were looked at. */
  decide(failed: ReadonlySet<number>): void {
    const known = this.#failed;
    if (failed.size === known.size && [...failed].every((offset) => known.has(offset))) return;
    this.#failed = failed;
    this.#state = empty();
    this.#held = [new Map()];
  }

  rows(offset: number): Rows {
    this.#foldTo(offset);
    return this.#held[offset] ?? new Map();
  }

  outs(offset: number): readonly Item[] {
    this.#foldTo(offset + 1);
    return this.#state.outs[offset] ?? [];
  }

  #foldTo(offset: number): void {
    for (let at = this.#held.length - 1; at < offset; at += 1) {
      const record = this.#log[at];
      if (record === undefined) throw new Error(`the log holds no record ${at} yet`);
      this.#state.outs.push([]);
      if (!this.#failed.has(at)) this.#fold(contentOf(record), this.#state.outs[at] ?? []);
      const { rows, all } = this.#state;
      const texts = [...rows].map(([key, { count, hash }]): [string, string] => [
        key,
        `${count} ${hash}`,
      ]);
      this.#held.push(new Map([...texts, ['', `${all.count} ${all.hash}`]]));
    }
  }

  #fold({ items, poison }: Content, outs: Item[]): void {
    if (poison === true) return;
    const { rows, all, highest } = this.#state;
    const before = new Map(highest);
    for (const { key, n, from } of items) {
      if (from !== undefined) {
        if (from.offset <= (before.get(from.partition) ?? -1)) continue;
        highest.set(from.partition, Math.max(from.offset, highest.get(from.partition) ?? -1));
      }
      if (n < 0) continue;
      const row = rows.get(key) ?? { count: 0, hash: 0 };
      rows.set(key, row);
      row.count += 1;
      row.hash = mix(row.hash, n);
      all.count += 1;
      all.hash = mix(all.hash, row.hash);
      outs.push({ key: targetKey(key, n), n: all.hash % 1_000 });
    }
  }
}
