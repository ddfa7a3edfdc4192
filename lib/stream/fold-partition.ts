import { RetryableError } from '../errors.ts';
import { closedBy, emptyHeader, formatHeader, type Header, parseHeader } from './header.ts';
import { refuseHorizon } from './horizon.ts';
import type { Identity } from './identity.ts';
import { type Draft, foldRecords, type SliceBounds } from './fold-slice.ts';
import type { FoldKeys } from './keys.ts';
import { type Failure, type FailureMessage, type PoisonMeter, unknownSchema } from './poison.ts';
import { recordHash } from './record-hash.ts';
import { RowCache } from './row-cache.ts';
import type { KeyWrite, StateStore } from './store.ts';
import {
  type Decoded,
  type Fold,
  type Input,
  inputsOf,
  type LogRecord,
  type OutMessage,
} from './topology.ts';

/** What a slice left behind. */
export interface SliceResult {
  /** 'restart': another owner moved the offset; the caller goes to `nextOffset` and on. */
  readonly kind: 'applied' | 'restart' | 'full';
  /** Records of the slice that were dealt with. */
  readonly records: number;
  readonly units: number;
  readonly emitted: number;
  readonly failures: readonly Failure[];
  readonly skipped: ReadonlyMap<string, number>;
  /** Of 'full', which limit of poison was reached, and where. */
  readonly full: string | null;
}

export interface FoldPartitionDeps {
  readonly partition: number;
  readonly identity: Identity;
  readonly keys: FoldKeys;
  readonly store: StateStore;
  readonly bounds: SliceBounds;
  readonly meter: PoisonMeter;
  /** Sends in order and returns when the broker has acknowledged. */
  readonly send: (messages: readonly OutMessage[]) => Promise<void>;
  readonly failureMessage: FailureMessage;
}

/**
 * One partition of a fold: the only thing that moves its state. Each slice is read, validated,
 * folded, emitted and committed, in this order (DESIGN 4.2, 4.3, 4.5). The Kafka runner and the
 * in-memory driver both call `slice`, so that they cannot drift apart.
 */
export class FoldPartition<In, Row, Out, Shared> {
  readonly #fold: Fold<In, Row, Out, Shared>;
  readonly #deps: FoldPartitionDeps;
  readonly #inputs: readonly Input<In>[];
  readonly #cache: RowCache<Row>;
  #shared: Shared | undefined;
  #headerText: string | null = null;
  #header: Header;
  #decided = new Set<number>();
  #recordsAimed: number;
  /** Of what is stored. */
  #meter: PoisonMeter;

  constructor(fold: Fold<In, Row, Out, Shared>, deps: FoldPartitionDeps) {
    refuseHorizon(fold);
    this.#fold = fold;
    this.#inputs = inputsOf(fold);
    this.#header = emptyHeader(this.#inputs.length);
    this.#deps = deps;
    this.#recordsAimed = deps.bounds.recordsMax;
    this.#meter = deps.meter;
    this.#cache = new RowCache(fold.rows, fold.cacheBytesMax);
  }

  get nextOffset(): number {
    return this.#header.offsets[0] ?? 0;
  }

  get header(): Header {
    return this.#header;
  }

  /** Reads where the partition stands. False when nothing was ever stored. */
  async load(): Promise<boolean> {
    const { keys, partition, store } = this.#deps;
    const [bytes] = await store.load([keys.header(partition)]);
    const text = bytes?.toString() ?? null;
    // A commit expects what is read here: on top of this nobody may.
    if (text !== null && closedBy(text) !== null)
      throw new RetryableError(`${this.#fold.name}: partition ${partition} is closed by a switch`);
    if (text !== this.#headerText) this.drop();
    this.#headerText = text;
    this.#header = text === null ? emptyHeader(this.#inputs.length) : parseHeader(text);
    this.#decided = await store.decided(keys.decided(partition));
    return text !== null;
  }

  /** For a log whose beginning is gone: the first slice starts here. Nothing may be stored yet. */
  startAt(offset: number, input = 0): void {
    if (this.#headerText !== null) return;
    this.#header = { ...this.#header, offsets: this.#header.offsets.with(input, offset) };
  }

  /** Forgets what it keeps across slices. */
  drop(): void {
    this.#cache.drop();
    this.#shared = undefined;
  }

  /** Deals with the first records of `records`, all of one input and not folded yet. */
  async slice(records: readonly LogRecord[], input = 0): Promise<SliceResult> {
    try {
      return await this.#slice(records, input);
    } catch (error) {
      // Rows may have been changed in place, and whether they were stored is not known.
      this.drop();
      throw error;
    }
  }

  async #slice(records: readonly LogRecord[], input: number): Promise<SliceResult> {
    const decoded = this.#decode(records, input);
    const rows = new Map<string, Row>();
    const read = await this.#read(decoded, rows);
    if (read === null) return this.#restarted();
    const { shared } = read;
    const meter = this.#meter.fork();
    const draft = foldRecords({
      fold: this.#fold,
      input: this.#inputs[input] ?? this.#fold.input,
      records,
      decoded,
      rows,
      shared,
      partition: this.#deps.partition,
      marks: this.#header.marks[input] ?? [],
      newestMs: this.#header.newestMs[input] ?? -1,
      bounds: this.#deps.bounds,
      meter,
    });
    this.#aim(draft.records, decoded.length);
    const last = records[draft.records - 1];
    if (last === undefined) return this.#result('full', draft, 0);
    if (!(await this.#decideFailures(draft.failures, input))) return this.#restarted();
    const sends = this.#sends(draft);
    for (const messages of sends) await this.#deps.send(messages);
    const before = this.#header;
    const header: Header = {
      offsets: before.offsets.with(input, last.offset + 1),
      hashes: before.hashes.with(input, recordHash(last)),
      marks: before.marks.with(input, draft.marks),
      newestMs: before.newestMs.with(input, draft.newestMs),
    };
    if (!(await this.#commit(header, draft, shared))) return this.#restarted();
    this.#meter = meter;
    return this.#result(draft.full === null ? 'applied' : 'full', draft, sends.flat().length);
  }

  /** What is decoded and read beyond the bound on bytes is done again by the next slice. */
  #aim(folded: number, decoded: number): void {
    const { recordsMax } = this.#deps.bounds;
    const aimed = folded < decoded ? folded * 1.1 : this.#recordsAimed * 1.25;
    this.#recordsAimed = Math.min(recordsMax, Math.max(1, Math.ceil(aimed)));
  }

  #decode(records: readonly LogRecord[], input: number): Decoded<In>[] {
    const { unitsMax } = this.#deps.bounds;
    const recordsMax = this.#recordsAimed;
    const decoded: Decoded<In>[] = [];
    let units = 0;
    for (const record of records) {
      if (decoded.length >= recordsMax || (units >= unitsMax && decoded.length > 0)) break;
      const one: Decoded<In> = this.#decided.has(decisionOf(record.offset, input))
        ? { verdict: { kind: 'reject', reason: unknownSchema, detail: '' } }
        : (this.#inputs[input] ?? this.#fold.input).decode(record);
      if ('units' in one) units += one.units.length;
      decoded.push(one);
    }
    return decoded;
  }

  /**
   * One MGET of the header and of every row that the slice touches. Rows are only as good as the
   * offset that was read with them: if that is not ours, an owner overtook us (DESIGN 4.3).
   */
  async #read(
    decoded: readonly Decoded<In>[],
    rows: Map<string, Row>,
  ): Promise<{ shared: Shared } | null> {
    const { keys, partition, store } = this.#deps;
    const wanted: string[] = [];
    const asked = new Set<string>();
    for (const one of decoded) {
      if (!('units' in one)) continue;
      for (const { key } of one.units) {
        if (asked.has(key)) continue;
        asked.add(key);
        const cached = this.#cache.get(key);
        if (cached === undefined) wanted.push(key);
        else rows.set(key, cached);
      }
    }
    // Of this slice, whatever is forgotten while it waits: the partition may be taken away meanwhile.
    let shared = this.#shared;
    const readsShared = this.#fold.shared !== null && shared === undefined;
    const [header, ...values] = await store.load([
      keys.header(partition),
      ...(readsShared ? [keys.shared(partition)] : []),
      ...wanted.map((key) => keys.row(partition, key)),
    ]);
    if ((header?.toString() ?? null) !== this.#headerText) return null;
    if (readsShared) this.#shared = shared = this.#sharedOf(values.shift() ?? null);
    wanted.forEach((key, at) => {
      const bytes = values[at];
      if (bytes !== null && bytes !== undefined) rows.set(key, this.#fold.rows.decode(bytes));
    });
    return { shared: shared as Shared };
  }

  #sharedOf(bytes: Buffer | null): Shared | undefined {
    const codec = this.#fold.shared;
    if (codec === null) return undefined;
    return bytes === null ? codec.empty() : codec.decode(bytes);
  }

  /** Before anybody can see it: a later look might find the schema (DESIGN 4.10). */
  async #decideFailures(failures: readonly Failure[], input: number): Promise<boolean> {
    const { keys, partition, store } = this.#deps;
    const fresh = failures
      .filter(({ reason }) => reason === unknownSchema)
      .map(({ record }) => decisionOf(record.offset, input))
      .filter((offset) => !this.#decided.has(offset));
    if (fresh.length === 0) return true;
    const at = { headerKey: keys.header(partition), expected: this.#headerText };
    const decision = { ...at, key: keys.decided(partition), offsets: fresh };
    if ((await store.decide(decision)) === 'refused') return false;
    for (const offset of fresh) this.#decided.add(offset);
    return true;
  }

  #sends(draft: Draft<Row, Out>): OutMessage[][] {
    const { emission } = this.#fold;
    const { partition, identity, failureMessage } = this.#deps;
    const from = { lineage: identity.lineage, partition };
    const emits = draft.outs.length > 0 ? emission : null;
    const messages = emits?.messages(draft.outs, from) ?? [];
    const { lineage } = identity;
    for (const failure of draft.failures) messages.push(failureMessage({ ...failure, lineage }));
    const ahead = emits?.ahead?.(draft.outs, from) ?? [];
    return ahead.length > 0 ? [ahead, messages] : [messages];
  }

  async #commit(header: Header, draft: Draft<Row, Out>, shared: Shared): Promise<boolean> {
    const { keys, partition, store } = this.#deps;
    const writes: KeyWrite[] = [];
    for (const [key, row] of draft.dirty) {
      const write = this.#fold.rows.encode(row);
      // What had expired may have been swept: a part of it would be written to nothing.
      if (draft.anew.has(key) && !('whole' in write))
        throw new Error(`${this.#fold.name}: a row that began anew is written whole`);
      writes.push({ key: keys.row(partition, key), write });
      this.#cache.put(key, row);
    }
    const removes = [...draft.gone].map((key) => {
      this.#cache.remove(key);
      return keys.row(partition, key);
    });
    if (this.#fold.shared !== null && draft.units > 0) {
      const write = this.#fold.shared.encode(shared);
      writes.push({ key: keys.shared(partition), write });
    }
    const next = formatHeader(header);
    const headerKey = keys.header(partition);
    const decided = { key: keys.decided(partition), count: this.#decided.size };
    const commit = { headerKey, expected: this.#headerText, next, writes, removes, decided };
    if ((await store.commit(commit)) === 'refused') return false;
    this.#headerText = next;
    this.#header = header;
    this.#cache.trim();
    return true;
  }

  #restarted(): SliceResult {
    this.drop();
    const nothing = { records: 0, units: 0, emitted: 0, failures: [], full: null };
    return { kind: 'restart', ...nothing, skipped: new Map() };
  }

  #result(kind: 'applied' | 'full', draft: Draft<Row, Out>, emitted: number): SliceResult {
    const { records, units, failures, skipped, full } = draft;
    return { kind, records, units, emitted, failures, skipped, full };
  }
}

/** Decisions of both inputs lie in one set: those of the second below zero. */
export const decisionOf = (offset: number, input: number): number =>
  input === 0 ? offset : -1 - offset;
