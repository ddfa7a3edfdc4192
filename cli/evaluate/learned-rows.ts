import type { Write } from '../../lib/stream/topology.ts';
import type { Signal, SignalContext } from '../../models/model.ts';
import type { Learner } from '../../services/learning/topology.ts';

/** A row as learning has it, and its stored form as of the last time that somebody asked. */
interface Held {
  row: unknown;
  stored: Buffer | undefined;
  /** The first bytes of `stored`: a view costs more than looking it up again. */
  head: Buffer | undefined;
  changed: boolean;
}

/**
 * What one learning identity learned, in memory. Rows stay decoded while they learn, and are
 * encoded when a retrieval asks for their bytes: most change many times in between.
 */
export class LearnedRows {
  readonly learner: Learner;
  readonly #rows = new Map<string, Held>();
  #ranking: unknown;
  #storedRanking: Buffer | undefined;
  #rankingChanged = false;

  constructor(learner: Learner) {
    this.learner = learner;
    this.#ranking = learner.side.ranking?.empty();
  }

  learn(signal: Signal, context: SignalContext): void {
    const { side } = this.learner;
    const { item } = signal;
    const held = this.#rows.get(item);
    const next = side.learn(held?.row, signal, context);
    if (next === null) return;
    if (held === undefined)
      this.#rows.set(item, { row: next, stored: undefined, head: undefined, changed: true });
    else {
      held.row = next;
      held.changed = true;
    }
    if (side.ranking === null) return;
    side.ranking.place(this.#ranking, item, next);
    this.#rankingChanged = true;
  }

  /** Per key its row; a missing row is left out. */
  rows(keys: readonly string[]): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const key of keys) {
      const bytes = this.#brought(key)?.stored;
      if (bytes !== undefined) found.set(key, bytes);
    }
    return found;
  }

  /** Per key the first bytes of its row. */
  heads(keys: readonly string[], headBytes: number): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const key of keys) {
      const held = this.#brought(key);
      if (held?.stored === undefined) continue;
      if (held.head?.length !== headBytes) held.head = held.stored.subarray(0, headBytes);
      found.set(key, held.head);
    }
    return found;
  }

  /** There is one partition, so at most one. */
  rankings(): readonly Buffer[] {
    const { ranking } = this.learner.side;
    if (ranking === null) return [];
    if (this.#rankingChanged) {
      this.#rankingChanged = false;
      this.#storedRanking = applied(this.#storedRanking, ranking.encode(this.#ranking));
    }
    return this.#storedRanking === undefined ? [] : [this.#storedRanking];
  }

  get size(): number {
    return this.#rows.size;
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  /** The row with its stored form brought up to date. */
  #brought(key: string): Held | undefined {
    const held = this.#rows.get(key);
    if (held?.changed !== true) return held;
    held.changed = false;
    const stored = applied(held.stored, this.learner.side.rows.encode(held.row));
    if (stored !== held.stored) held.head = undefined;
    held.stored = stored;
    return held;
  }
}

/**
 * The stored bytes after a write. Changed bytes are another object, so that nothing that a
 * retrieval may remember of the old one is taken for the new.
 */
const applied = (stored: Buffer | undefined, write: Write): Buffer | undefined => {
  if ('whole' in write) return Buffer.from(write.whole);
  if (write.patches.length === 0) return stored;
  if (stored === undefined) throw new Error('a row was patched before it was written');
  for (const { at, bytes } of write.patches) {
    if (at + bytes.length > stored.length) throw new Error('a patch would grow its row');
    bytes.copy(stored, at);
  }
  return stored.subarray();
};
