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

/**
 * A service's fold over users, in memory and one unit at a time: the fold's own code between a map
 * and its callers, with the runner's rule on rows that have expired.
 */
export class ByteFold<In, Out = never> {
  readonly #fold: Fold<In, Buffer, Out>;
  readonly #rows = new Map<string, Buffer>();
  readonly #context: FoldContext<Out, null>;
  #newestMs = -1;
  #before = -1;
  #outs: Out[] = [];

  constructor(fold: Fold<In, Buffer, Out>) {
    this.#fold = fold;
    const newestBefore = (): number => this.#before;
    this.#context = {
      shared: null,
      partition: 0,
      record,
      get newestMs() {
        return newestBefore();
      },
      emit: (out) => void this.#outs.push(out),
      skip: () => undefined,
    };
  }

  /** Folds one unit, and returns what the fold emitted for it. */
  take(unit: Unit<In>): readonly Out[] {
    const { key, input } = unit;
    const { horizon } = this.#fold;
    this.#outs = [];
    this.#before = this.#newestMs;
    const row = this.row(key);
    if (horizon !== null) this.#newestMs = Math.max(this.#newestMs, horizon.unitMs(input));
    const next = this.#fold.fold(row, unit, this.#context);
    if (next === gone) this.#rows.delete(key);
    else if (next !== null) this.#rows.set(key, next);
    return this.#outs;
  }

  /** The stored bytes, which a later unit may change in place; undefined: none, or expired. */
  row(key: string): Buffer | undefined {
    const row = this.#rows.get(key);
    const { horizon } = this.#fold;
    if (row === undefined || horizon === null) return row;
    return isExpired(horizon, row, this.#newestMs) ? undefined : row;
  }

  /** Highest event time folded; -1: none. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** All rows as they would be stored. */
  get rows(): ReadonlyMap<string, Buffer> {
    return this.#rows;
  }
}
