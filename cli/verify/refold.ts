import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { recordHash } from '../../lib/stream/record-hash.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { unknownSchema } from '../../lib/stream/poison.ts';
import { type Decoded, gone, laneOf, type Write } from '../../lib/stream/topology.ts';
import { differenceOf } from './difference-of.ts';
import type { AnyFold } from './folds.ts';
import type { Findings } from './report.ts';
import type { StoredChunk, StoredPartition } from './stored.ts';

/** Something to look at when the fold stands before a certain offset. */
export interface Moment {
  readonly offset: number;
  look(state: FoldedState): void;
}

export interface FoldedState {
  row(key: string): unknown;
}

export interface RefoldOptions {
  readonly fold: AnyFold;
  readonly stored: StoredPartition;
  readonly findings: Findings;
  /** First offset of the log that is left. */
  readonly low: number;
  /** Where the generation began to fold; left out: where the log began. */
  readonly from?: number;
  /** Offsets that failed for a reason which depends on time: they stay failed (DESIGN 4.10). */
  readonly stayFailed: ReadonlySet<number>;
  /** Other things to look at on the way. */
  readonly moments: readonly Moment[];
  readonly describe: (bytes: Buffer) => string;
}

export interface Refolded {
  readonly outs: readonly { readonly out: unknown; readonly offset: number }[];
  readonly failed: readonly { readonly record: LogRecord; readonly reason: string }[];
}

/**
 * One partition of a fold, folded again: a plain loop over the log with everything in memory. It
 * shares nothing with the runner but the service's pure functions and the form of the header, so
 * that a mistake of the runner is not made twice. At the offset of each stored chunk it stops and
 * compares.
 */
export class Refold {
  readonly #options: RefoldOptions;
  readonly #moments: Moment[];
  readonly #rows = new Map<string, unknown>();
  readonly #shared: unknown;
  readonly #marks: number[] = [];
  #newestMs = -1;
  /** Not listed, and not known yet to have been swept while the keys were listed. */
  readonly #unlisted = new Set<string>();
  #outs: { out: unknown; offset: number }[] = [];
  #failed: { record: LogRecord; reason: string }[] = [];
  #last: LogRecord | null = null;
  #units = 0;
  records = 0;
  values = 0;
  notComparable = 0;

  constructor(options: RefoldOptions) {
    this.#options = options;
    const { stored, fold } = options;
    this.#shared = fold.shared?.empty() ?? null;
    const chunks = stored.chunks.map((chunk) => ({
      offset: chunk.offset,
      look: () => this.#compare(chunk),
    }));
    const before = stored.before?.offsets[0] ?? 0;
    const after = Math.max(before, stored.chunks[0]?.offset ?? 0);
    const begins = { offset: before, look: () => this.#noteUnlisted() };
    const listed = { offset: after, look: () => this.#findMissing() };
    this.#moments = [begins, listed, ...chunks, ...options.moments].toSorted(
      (a, b) => a.offset - b.offset,
    );
  }

  take(record: LogRecord): void {
    if (record.offset < (this.#options.from ?? 0)) return;
    this.#reach(record.offset);
    const decoded = this.#decode(record);
    if (decoded.verdict.kind === 'reject') {
      this.#failed.push({ record, reason: decoded.verdict.reason });
    } else if ('units' in decoded) {
      this.#fold(record, decoded.units);
    }
    this.#last = record;
    this.records += 1;
  }

  /** What came of the records since the last call. */
  collect(): Refolded {
    const collected = { outs: this.#outs, failed: this.#failed };
    this.#outs = [];
    this.#failed = [];
    return collected;
  }

  /** The log ends here. */
  finish(): void {
    const end = (this.#last?.offset ?? this.#options.low - 1) + 1;
    this.#reach(end);
    const ahead = this.#moments.length > 0 ? this.#moments.at(-1)?.offset : undefined;
    if (ahead === undefined) return;
    const { fold, stored, findings } = this.#options;
    findings.add(`${fold.name}/${stored.partition}`, `stands at ${ahead}, the log ends at ${end}`);
  }

  #decode(record: LogRecord): Decoded<unknown> {
    const { fold, stayFailed } = this.#options;
    if (!stayFailed.has(record.offset)) return fold.input.decode(record);
    return { verdict: { kind: 'reject', reason: unknownSchema, detail: '' } };
  }

  #fold(record: LogRecord, units: Extract<Decoded<unknown>, { units: unknown }>['units']): void {
    const { fold, stored } = this.#options;
    const marksBefore = [...this.#marks];
    let newestMs = this.#newestMs;
    let source = '';
    for (const unit of units) {
      const { key, position } = unit;
      if (position !== null) {
        const lane = laneOf(fold.input, position);
        if (lane < 0 || position.offset <= (marksBefore[lane] ?? -1)) continue;
        // Where a pack was cut must not matter: each source record is judged by what came before it.
        const own = `${lane} ${position.offset}`;
        if (own !== source) newestMs = this.#newestMs;
        source = own;
        while (this.#marks.length <= lane) this.#marks.push(-1);
        this.#marks[lane] = Math.max(position.offset, this.#marks[lane] ?? -1);
      }
      this.#units += 1;
      if (fold.horizon !== null) {
        this.#newestMs = Math.max(this.#newestMs, fold.horizon.unitMs(unit.input));
      }
      const row = this.#present(key, newestMs);
      // It may have been swept and written again while the keys were listed.
      if (row === undefined) this.#unlisted.delete(key);
      const next = fold.fold(row, unit, {
        shared: this.#shared,
        partition: stored.partition,
        record,
        newestMs,
        emit: (out) => void this.#outs.push({ out, offset: record.offset }),
        skip: () => undefined,
      });
      if (next === gone) this.#rows.delete(key);
      else if (next !== null) this.#rows.set(key, next);
    }
  }

  /** A row that has had no event for the fold's horizon is as good as none, swept or not. */
  #present(key: string, newestMs = this.#newestMs): unknown {
    const row = this.#rows.get(key);
    const { horizon } = this.#options.fold;
    if (row === undefined || horizon === null) return row;
    return horizon.lastMs(row) + horizon.ms < newestMs ? undefined : row;
  }

  /** The same of what is stored; null: absent. What cannot be read is compared as it is. */
  #storedPresent(bytes: Buffer | null): Buffer | null {
    const { fold } = this.#options;
    if (bytes === null || fold.horizon === null) return bytes;
    try {
      const lastMs = fold.horizon.lastMs(fold.rows.decode(bytes));
      return lastMs + fold.horizon.ms < this.#newestMs ? null : bytes;
    } catch {
      return bytes;
    }
  }

  /** Looks at whatever is to be seen before the record at `offset` is folded. */
  #reach(offset: number): void {
    for (let next = this.#moments[0]; next !== undefined && next.offset <= offset; ) {
      this.#moments.shift();
      next.look({ row: (key) => this.#present(key) });
      next = this.#moments[0];
    }
  }

  #noteUnlisted(): void {
    const { stored } = this.#options;
    for (const key of this.#rows.keys()) if (!stored.keys.has(key)) this.#unlisted.add(key);
  }

  #findMissing(): void {
    for (const key of this.#unlisted) {
      if (this.#present(key) !== undefined) this.#differs(key, 'is missing');
    }
    this.#unlisted.clear();
  }

  #compare(chunk: StoredChunk): void {
    const { fold } = this.#options;
    this.#compareHeader(chunk);
    for (const [at, key] of chunk.keys.entries()) {
      const row = this.#present(key);
      const expected = row === undefined ? null : wholeOf(fold.rows.encode(row));
      this.#compareValue(key, this.#storedPresent(chunk.values[at] ?? null), expected);
    }
    if (chunk.shared === null || fold.shared === null) return;
    const expected = this.#units === 0 ? null : wholeOf(fold.shared.encode(this.#shared));
    this.#compareValue('(shared value)', chunk.shared.value, expected);
  }

  #compareHeader({ headerText, offset }: StoredChunk): void {
    if (headerText === null) return;
    const hash = this.#last === null ? '' : recordHash(this.#last);
    const expected = formatHeader({
      offsets: [offset],
      hashes: [hash],
      marks: [this.#marks],
      newestMs: [this.#newestMs],
    });
    this.values += 1;
    if (headerText !== expected) {
      this.#differs('(header)', `is '${headerText}', expected '${expected}'`);
    }
  }

  #compareValue(key: string, found: Buffer | null, expected: Buffer | null): void {
    this.values += 1;
    const difference = differenceOf(found, expected, this.#options.describe);
    if (difference !== null) this.#differs(key, difference);
  }

  #differs(key: string, what: string): void {
    const { fold, stored, findings, low } = this.#options;
    // What was folded from records that are gone cannot be folded again.
    if (low > 0) this.notComparable += 1;
    else findings.add(`${fold.name}/${stored.partition} ${key}`, what);
  }
}

/** A value that was never stored is written whole; null where there is nothing to write. */
export function wholeOf(write: Write): Buffer | null {
  if ('whole' in write) return write.whole;
  if (write.patches.length === 0) return null;
  throw new Error('a codec patches a value that was never stored whole');
}
