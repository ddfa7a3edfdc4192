import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { recordHash } from '../../lib/stream/record-hash.ts';
import { emptyHeader, formatHeader, type Header, parseHeader } from '../../lib/stream/header.ts';
import { unknownSchema } from '../../lib/stream/poison.ts';
import { type Decoded, gone, inputsOf, laneOf, type Unit } from '../../lib/stream/topology.ts';
import { differenceOf } from './difference-of.ts';
import type { AnyFold } from './folds.ts';
import { wholeOf } from './refold.ts';
import type { Findings } from './report.ts';
import type { StoredChunk, StoredPartition } from './stored.ts';

export interface PartitionOfBothOptions {
  readonly fold: AnyFold;
  readonly stored: StoredPartition;
  readonly findings: Findings;
  /** Per input: the first offset of the log that is left. */
  readonly lows: readonly number[];
  /** Per input: offsets that failed for a reason which depends on time. */
  readonly stayFailed: readonly ReadonlySet<number>[];
  readonly describe: (bytes: Buffer) => string;
}

/** Something to look at when both inputs stand exactly there. */
interface Look {
  readonly offsets: readonly number[];
  look(): void;
}

/**
 * One partition of a fold of two inputs, folded again in a plain loop with everything in memory. It
 * shares nothing with the runner but the service's pure functions and the form of the header.
 */
export class PartitionOfBoth {
  readonly #options: PartitionOfBothOptions;
  readonly #looks: Look[];
  readonly #rows = new Map<string, unknown>();
  readonly #shared: unknown;
  readonly #waiting: LogRecord[][];
  #header: Header;
  #units = 0;
  records = 0;
  values = 0;
  notComparable = 0;
  readonly failed: { record: LogRecord; reason: string; required: boolean }[] = [];

  constructor(options: PartitionOfBothOptions) {
    this.#options = options;
    const { fold, stored, lows } = options;
    const inputs = inputsOf(fold);
    this.#shared = fold.shared?.empty() ?? null;
    this.#waiting = inputs.map(() => []);
    this.#header = { ...emptyHeader(inputs.length), offsets: lows };
    const chunks = stored.chunks.map((chunk) => ({
      offsets: offsetsOf(chunk.headerText) ?? lows,
      look: () => this.#compare(chunk),
    }));
    const before = { offsets: stored.before?.offsets ?? lows, look: () => this.#findMissing() };
    const place = ({ offsets }: Look): number => offsets.reduce((sum, offset) => sum + offset, 0);
    // Each header is at least as far in both inputs as the one before it.
    this.#looks = [before, ...chunks].toSorted((a, b) => place(a) - place(b));
  }

  /** Whether records of this input must come before anything else can be looked at. */
  waitsFor(input: number): boolean {
    const next = this.#looks[0];
    if (next === undefined || this.#waiting[input]?.length !== 0) return false;
    return (this.#header.offsets[input] ?? 0) < (next.offsets[input] ?? 0);
  }

  take(input: number, record: LogRecord): void {
    this.#waiting[input]?.push(record);
  }

  /** Goes as far as what has been read allows; the second input first. */
  advance(): void {
    for (let next = this.#looks[0]; next !== undefined; next = this.#looks[0]) {
      const { offsets } = next;
      // The first is folded only behind the second, as the runner does it: others may differ.
      for (const input of [1, 0]) {
        this.#foldUpTo(input, offsets[input] ?? 0);
        if ((this.#header.offsets[input] ?? 0) < (offsets[input] ?? 0)) return;
      }
      this.#looks.shift();
      next.look();
    }
  }

  finish(): void {
    this.advance();
    const left = this.#looks.at(-1);
    if (left === undefined) return;
    const { fold, stored, findings } = this.#options;
    findings.add(
      `${fold.name}/${stored.partition}`,
      `stands at ${left.offsets.join(', ')}, the logs end at ${this.#header.offsets.join(', ')}`,
    );
  }

  #foldUpTo(input: number, offset: number): void {
    const waiting = this.#waiting[input] ?? [];
    let taken = 0;
    for (const record of waiting) {
      if (record.offset >= offset) break;
      this.#take(input, record);
      taken += 1;
    }
    waiting.splice(0, taken);
  }

  #take(input: number, record: LogRecord): void {
    const { stored } = this.#options;
    const decoded = this.#decode(input, record);
    if (decoded.verdict.kind === 'reject') {
      const required = record.offset < (stored.before?.offsets[input] ?? 0);
      this.failed.push({ record, reason: decoded.verdict.reason, required });
    } else if ('units' in decoded) this.#fold(input, record, decoded.units);
    const { offsets, hashes } = this.#header;
    this.#header = {
      ...this.#header,
      offsets: offsets.with(input, record.offset + 1),
      hashes: hashes.with(input, recordHash(record)),
    };
    this.records += 1;
  }

  #decode(input: number, record: LogRecord): Decoded<unknown> {
    const { fold, stayFailed } = this.#options;
    if (stayFailed[input]?.has(record.offset) === true)
      return { verdict: { kind: 'reject', reason: unknownSchema, detail: '' } };
    return (inputsOf(fold)[input] ?? fold.input).decode(record);
  }

  #fold(input: number, record: LogRecord, units: readonly Unit<unknown>[]): void {
    const { fold, stored } = this.#options;
    const own = inputsOf(fold)[input] ?? fold.input;
    const marks = [...(this.#header.marks[input] ?? [])];
    const before = [...marks];
    const newestMs = this.#header.newestMs[input] ?? -1;
    let newerMs = newestMs;
    for (const unit of units) {
      const { key, position } = unit;
      if (position !== null) {
        const lane = laneOf(own, position);
        if (lane < 0 || position.offset <= (before[lane] ?? -1)) continue;
        while (marks.length <= lane) marks.push(-1);
        marks[lane] = Math.max(position.offset, marks[lane] ?? -1);
      }
      this.#units += 1;
      const next = fold.fold(this.#present(key, newestMs), unit, {
        shared: this.#shared,
        partition: stored.partition,
        record,
        newestMs,
        emit: () => undefined,
        skip: () => undefined,
      });
      if (next === gone) this.#rows.delete(key);
      else if (next !== null) this.#rows.set(key, next);
      if (fold.horizon !== null) newerMs = Math.max(newerMs, fold.horizon.unitMs(unit.input));
    }
    this.#header = {
      ...this.#header,
      marks: this.#header.marks.with(input, marks),
      newestMs: this.#header.newestMs.with(input, newerMs),
    };
  }

  /** A row that has had nothing for the fold's horizon is as good as none, swept or not. */
  #present(key: string, newestMs = Math.min(...this.#header.newestMs)): unknown {
    const row = this.#rows.get(key);
    return row === undefined || this.#isExpired(row, newestMs) ? undefined : row;
  }

  #isExpired(row: unknown, newestMs = Math.min(...this.#header.newestMs)): boolean {
    const { horizon } = this.#options.fold;
    return horizon !== null && horizon.lastMs(row) + horizon.ms < newestMs;
  }

  /** The same of what is stored. What cannot be read is compared as it is. */
  #storedPresent(bytes: Buffer | null): Buffer | null {
    if (bytes === null) return null;
    try {
      return this.#isExpired(this.#options.fold.rows.decode(bytes)) ? null : bytes;
    } catch {
      return bytes;
    }
  }

  #findMissing(): void {
    const { stored } = this.#options;
    for (const key of this.#rows.keys())
      if (!stored.keys.has(key) && this.#present(key) !== undefined)
        this.#differs(key, 'is missing');
  }

  #compare({ headerText, keys, values, shared }: StoredChunk): void {
    const { fold } = this.#options;
    if (headerText !== null) {
      this.values += 1;
      const expected = formatHeader(this.#header);
      if (headerText !== expected)
        this.#differs('(header)', `is '${headerText}', expected '${expected}'`);
    }
    for (const [at, key] of keys.entries()) {
      const row = this.#present(key);
      const expected = row === undefined ? null : wholeOf(fold.rows.encode(row));
      this.#compareValue(key, this.#storedPresent(values[at] ?? null), expected);
    }
    if (shared === null || fold.shared === null) return;
    const expected = this.#units === 0 ? null : wholeOf(fold.shared.encode(this.#shared));
    this.#compareValue('(shared value)', shared.value, expected);
  }

  #compareValue(key: string, found: Buffer | null, expected: Buffer | null): void {
    this.values += 1;
    const difference = differenceOf(found, expected, this.#options.describe);
    if (difference !== null) this.#differs(key, difference);
  }

  #differs(key: string, what: string): void {
    const { fold, stored, findings, lows } = this.#options;
    // What was folded from records that are gone cannot be folded again.
    if (lows.some((low) => low > 0)) this.notComparable += 1;
    else findings.add(`${fold.name}/${stored.partition} ${key}`, what);
  }
}

const offsetsOf = (headerText: string | null): readonly number[] | null =>
  headerText === null ? null : parseHeader(headerText).offsets;
