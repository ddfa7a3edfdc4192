import type { LogRecord, OutMessage } from '../kafka/log-record.ts';
import type { Verdict } from '../verdict.ts';

export type { LogRecord, OutMessage } from '../kafka/log-record.ts';

/** JSON with a canonical form (keys sorted), for hashing. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json };

/** Where a value came from: what its readers deduplicate by. */
export interface Position {
  readonly lineage: string;
  readonly partition: number;
  readonly offset: number;
}

/** What a fold returns where its row is to be deleted: for a user that is to be forgotten. */
export const gone: unique symbol = Symbol('gone');
export type Gone = typeof gone;

/** A change to one stored value: written whole, or patched in place within its present size. */
export type Write =
  | { readonly whole: Buffer }
  | { readonly patches: readonly { readonly at: number; readonly bytes: Buffer }[] };

/**
 * How a row lives in Redis and in memory. A row is owned by the runner between `decode` and
 * `encode`; a fold may change it in place.
 *
 * `encode` is called once per slice for a row that changed, and returns what brings the stored
 * bytes from the state at the last encode (or decode) to the row's present one. If the commit is
 * then refused, the row is dropped, never reused.
 */
export interface RowCodec<Row> {
  decode(bytes: Buffer): Row;
  encode(row: Row): Write;
  /** Bytes that the row takes when stored whole: bounds slices and caches. */
  bytes(row: Row): number;
}

/** One thing to fold, cut from a record. A record may hold several (a pack) or none. */
export interface Unit<In> {
  readonly input: In;
  /** The key whose row it changes. */
  readonly key: string;
  /** Position to deduplicate by, for inputs that our own services emitted; null: not needed. */
  readonly position: Position | null;
}

/** What a fold is given beside its row. */
export interface FoldContext<Out, Shared> {
  /** The partition's one shared value (a ring, a ranking), to change in place. */
  readonly shared: Shared;
  readonly partition: number;
  /** The record that the unit came from. */
  readonly record: LogRecord;
  /**
   * Highest event time of what the partition had folded before this record, or before the source
   * record that the unit is of, by the fold's horizon; -1: nothing, or the fold has no horizon.
   */
  readonly newestMs: number;
  emit(out: Out): void;
  /** Counts the unit as passed over, for a fixed snake_case reason ('duplicate'). */
  skip(reason: string): void;
}

/** Decoding of one record: its units, or why there are none. */
export type Decoded<In> =
  | { readonly verdict: Extract<Verdict, { kind: 'accept' }>; readonly units: readonly Unit<In>[] }
  | { readonly verdict: Exclude<Verdict, { kind: 'accept' }> };

export interface Input<In> {
  /** Full name on the broker. */
  readonly topic: string;
  /** Identity of the fold that emits this topic, as positions name it; null: any producer. */
  readonly lineage: string | null;
  /** A second emitter whose positions count on it, each by marks of their own. */
  readonly beside?: string;
  /**
   * For a second input (Fold.ahead) that a fold emits from a log of its own: 'all that it held'
   * counts by that log.
   */
  readonly through?: { readonly topic: string; readonly fold: string };
  /**
   * Called before the first record: the place to learn what records will need, while dependencies
   * are well. Throws RetryableError when one is away.
   */
  open?(): Promise<void>;
  /**
   * Called once per fetched batch, before any `decode` of it: the place to fetch unknown schemas.
   * Throws RetryableError when a dependency is away.
   */
  prepare(records: readonly LogRecord[]): Promise<void>;
  /** Pure. Must not throw for bad data: that is a reject. */
  decode(record: LogRecord): Decoded<In>;
}

/** Turns the emissions of a slice into messages, in ascending order of position. Pure. */
export interface Emission<Out> {
  readonly topic: string;
  readonly partitions: number;
  /**
   * What goes to one target partition for a run of emissions in order. `lineage` is the emitting
   * fold's, `partition` the source partition.
   */
  messages(
    outs: readonly { readonly out: Out; readonly offset: number }[],
    from: { readonly lineage: string; readonly partition: number },
  ): OutMessage[];
  /**
   * Messages that are acknowledged before any of `messages` is sent, for whoever reads both topics
   * and must find the one before the other. Left out: none.
   */
  readonly ahead?: Emission<Out>['messages'];
  /**
   * Its service publishes what the state says wherever something else stands. Whoever folds a
   * generation beside the current one has then nothing to emit, under another identity neither.
   */
  readonly restated?: boolean;
}

/**
 * After how long without an event a row counts as absent, in event time, so that a sweep may delete
 * it without its owner's knowledge. The owner may keep such a row and patch others: what a sweep
 * may delete has expired for the owner too, wherever the owner has it from, and the row that takes
 * its place is written whole.
 */
export interface Horizon<In, Row> {
  /** Part of the fold's identity. */
  readonly ms: number;
  /**
   * When the row's newest event occurred, of those that count for this, or a little later; never
   * earlier. The same of a row in memory as of what is stored of it.
   */
  lastMs(row: Row): number;
  /** When what is folded occurred; not negative. */
  unitMs(input: In): number;
}

/**
 * A stateful service as a value: only the runner has hands. The result of folding a log depends on
 * the log and on the fold's identity alone, never on how the log was cut into slices, on a cache
 * or on the clock (DESIGN 4.8).
 */
export interface Fold<In, Row, Out = never, Shared = null> {
  /** The service's name: metrics, consumer group, commands. */
  readonly name: string;
  /** One letter that starts this fold's keys; unique among folds. */
  readonly code: string;
  /** Raised by hand when the fold's result changes for the same log and configuration. */
  readonly revision: number;
  /** Version of the layout of its rows. */
  readonly layout: number;
  /** Whatever else changes the result: part of the identity. */
  readonly config: Json;
  /** Which family of hash tags its keys carry. */
  readonly family: 'user' | 'item' | 'source';
  readonly input: Input<In>;
  /**
   * A second input, with as many partitions, that is folded ahead of the first: a record of `input`
   * is folded only after all that `ahead` held when the record was fetched. It may be folded any
   * further ahead, so the result must not depend on how far. Marks and offsets of both lie in one
   * header (DESIGN 4.2). A row expires by the time of the input that is folded. Not for folds that
   * emit.
   */
  readonly ahead?: Input<In>;
  readonly rows: RowCodec<Row>;
  /** One value per partition, beside the rows; read at every slice unless cached. */
  readonly shared: (RowCodec<Shared> & { readonly empty: () => Shared }) | null;
  /** Bytes of rows kept in memory across slices; 0: none. Only for large rows. */
  readonly cacheBytesMax: number;
  readonly emission: Emission<Out> | null;
  /** Null: its rows stay for ever. */
  readonly horizon: Horizon<In, Row> | null;
  /**
   * Folds one unit into its row (undefined: there is none yet, or it has expired). Returns the row to write (the same
   * one, changed in place, or another), null when nothing changed, or `gone` when the row is to be
   * deleted: what comes after begins anew.
   */
  fold(row: Row | undefined, unit: Unit<In>, context: FoldContext<Out, Shared>): Row | null | Gone;
}

/**
 * Which mark of an input a position is compared with; -1: it is not of one that the input reads.
 * With two emitters their marks take turns.
 */
export function laneOf(
  { lineage, beside }: Pick<Input<unknown>, 'lineage' | 'beside'>,
  position: Pick<Position, 'lineage' | 'partition'>,
): number {
  if (beside === undefined) return position.lineage === lineage ? position.partition : -1;
  if (position.lineage === lineage) return 2 * position.partition;
  return position.lineage === beside ? 2 * position.partition + 1 : -1;
}

/** In the order in which the header has them. */
export const inputsOf = <In, Row, Out, Shared>({
  input,
  ahead,
}: Pick<Fold<In, Row, Out, Shared>, 'input' | 'ahead'>): readonly Input<In>[] =>
  ahead === undefined ? [input] : [input, ahead];

export const openInputs = async <In, Row, Out, Shared>(
  fold: Pick<Fold<In, Row, Out, Shared>, 'input' | 'ahead'>,
): Promise<void> => void (await Promise.all(inputsOf(fold).map(async (input) => input.open?.())));

/** For rows that are edited as bytes. */
export const byteRows: RowCodec<Buffer> = {
  decode: (bytes) => bytes,
  encode: (row) => ({ whole: row }),
  bytes: (row) => row.length,
};
