import { isExpired } from '../../lib/stream/horizon.ts';
import {
  type Fold,
  type FoldContext,
  gone,
  type LogRecord,
  type Unit,
} from '../../lib/stream/topology.ts';

const record: LogRecord = {
  topic: '',
  partition: 0,
  offset: 0,
  timestampMs: 0,
  key: null,
  value: null,
  headers: {},
};
/** What every key begins with: `{aB}` + code + id4. */
const prefixBytes = 9;

/** A service's fold in memory, with the runner's rule on rows that have expired, and a sweep. */
export class SweptFold<In, Row, Out = never, Shared = null> {
  readonly #fold: Fold<In, Row, Out, Shared>;
  readonly #rows = new Map<string, Row>();
  readonly #shared: Shared;
  #newestMs = -1;
  #outs: Out[] = [];

  constructor(fold: Fold<In, Row, Out, Shared>) {
    this.#fold = fold;
    this.#shared = fold.shared?.empty() ?? (null as Shared);
  }

  /** Folds what one source record brings, and returns what the fold emitted for it. */
  take(units: readonly Unit<In>[]): readonly Out[] {
    const { horizon } = this.#fold;
    const before = this.#newestMs;
    const context: FoldContext<Out, Shared> = {
      shared: this.#shared,
      partition: 0,
      record,
      newestMs: before,
      emit: (out) => void this.#outs.push(out),
      skip: () => undefined,
    };
    this.#outs = [];
    for (const unit of units) {
      const held = this.#rows.get(unit.key);
      const isThere = held !== undefined && (horizon === null || !isExpired(horizon, held, before));
      if (horizon !== null) this.#newestMs = Math.max(this.#newestMs, horizon.unitMs(unit.input));
      const next = this.#fold.fold(isThere ? held : undefined, unit, context);
      if (next === gone) this.#rows.delete(unit.key);
      else if (next !== null) this.#rows.set(unit.key, next);
    }
    return this.#outs;
  }

  /** Deletes what a sweep would; returns how many rows that were. */
  sweep(): number {
    const { horizon } = this.#fold;
    if (horizon === null) return 0;
    const before = this.#rows.size;
    for (const [key, row] of this.#rows)
      if (isExpired(horizon, row, this.#newestMs)) this.#rows.delete(key);
    return before - this.#rows.size;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Bytes of all rows as they would be stored, with their keys. */
  bytes(): number {
    let bytes = 0;
    for (const [key, row] of this.#rows)
      bytes += prefixBytes + Buffer.byteLength(key) + this.#fold.rows.bytes(row);
    return bytes;
  }

  sharedBytes(): number {
    return this.#fold.shared?.bytes(this.#shared) ?? 0;
  }
}
