import { isExpired } from './horizon.ts';
import type { Failure, PoisonMeter } from './poison.ts';
import {
  type Decoded,
  type Fold,
  gone,
  type Input,
  laneOf,
  type LogRecord,
  type Unit,
} from './topology.ts';

export interface SliceBounds {
  readonly recordsMax: number;
  readonly unitsMax: number;
  /** Checked once a slice holds `unitsBeforeBytes` units: a backlog needs large slices. */
  readonly bytesMax: number;
  readonly unitsBeforeBytes: number;
}

export const defaultBounds: SliceBounds = {
  recordsMax: 4_096,
  unitsMax: 16_384,
  bytesMax: 1024 * 1024,
  unitsBeforeBytes: 1_000,
};

/** Everything about a slice that is not yet stored. */
export interface Draft<Row, Out> {
  readonly dirty: Map<string, Row>;
  /** Keys of `dirty` whose stored row counts as absent, and may have been deleted by now. */
  readonly anew: Set<string>;
  /** Keys whose stored row is to be deleted; none of them is in `dirty`. */
  readonly gone: Set<string>;
  readonly outs: { out: Out; offset: number }[];
  readonly failures: Failure[];
  readonly skipped: Map<string, number>;
  marks: number[];
  newestMs: number;
  records: number;
  units: number;
  bytes: number;
  /** Null: no limit of poison was reached. Else which, and at which record. */
  full: string | null;
}

/** Bytes that one more unit in a cached (patched) row adds to a commit, roughly. */
const patchBytes = 32;

export interface SliceInput<In, Row, Out, Shared> {
  readonly fold: Fold<In, Row, Out, Shared>;
  /** The one that the records are of. */
  readonly input: Input<In>;
  readonly records: readonly LogRecord[];
  /** One per record, for as many as the slice may take. */
  readonly decoded: readonly Decoded<In>[];
  /** Rows as stored; changed as the fold goes. */
  readonly rows: Map<string, Row>;
  readonly shared: Shared;
  readonly partition: number;
  readonly marks: readonly number[];
  readonly newestMs: number;
  readonly bounds: SliceBounds;
  readonly meter: PoisonMeter;
}

/**
 * Folds records one by one until a bound is reached. No reading, no writing, no clock: what comes
 * out is a function of what goes in.
 */
export function foldRecords<In, Row, Out, Shared>(
  slice: SliceInput<In, Row, Out, Shared>,
): Draft<Row, Out> {
  const { records, decoded, bounds, meter } = slice;
  const draft: Draft<Row, Out> = {
    dirty: new Map(),
    anew: new Set(),
    gone: new Set(),
    outs: [],
    failures: [],
    skipped: new Map(),
    marks: [...slice.marks],
    newestMs: slice.newestMs,
    records: 0,
    units: 0,
    bytes: 0,
    full: null,
  };
  for (let at = 0; at < decoded.length; at += 1) {
    const record = records[at];
    const one = decoded[at];
    if (record === undefined || one === undefined) break;
    if (one.verdict.kind === 'reject') {
      const limit = meter.full();
      if (limit !== null) {
        draft.full = `${limit}, nor can the one at offset ${record.offset} (${one.verdict.reason})`;
        break;
      }
      draft.failures.push({ record, reason: one.verdict.reason, detail: one.verdict.detail });
    } else if (one.verdict.kind === 'skip') {
      countUp(draft.skipped, one.verdict.reason);
    } else if ('units' in one) {
      foldRecord(slice, draft, { record, units: one.units });
    }
    meter.count(one.verdict.kind === 'reject');
    draft.records = at + 1;
    if (draft.units >= bounds.unitsBeforeBytes && draft.bytes > bounds.bytesMax) break;
  }
  return draft;
}

function foldRecord<In, Row, Out, Shared>(
  { fold, input, rows, shared, partition }: SliceInput<In, Row, Out, Shared>,
  draft: Draft<Row, Out>,
  { record, units }: { record: LogRecord; units: readonly Unit<In>[] },
): void {
  const patched = fold.cacheBytesMax > 0;
  const { marks, skipped } = draft;
  const { horizon } = fold;
  // Marks move after the record: its signals are all compared with the mark before it.
  let source = -1;
  let high = -1;
  let last = -1;
  const context = {
    shared,
    partition,
    record,
    newestMs: draft.newestMs,
    emit: (out: Out): void => void draft.outs.push({ out, offset: record.offset }),
    skip: (reason: string): void => countUp(skipped, reason),
  };
  for (const unit of units) {
    const { position, key } = unit;
    if (position !== null) {
      const lane = laneOf(input, position);
      if (lane < 0) {
        countUp(skipped, 'other_lineage');
        continue;
      }
      if (position.offset <= (marks[lane] ?? -1)) {
        countUp(skipped, 'already_folded');
        continue;
      }
      // A pack is judged as its source records would be one by one: it is cut as its slices were.
      if (position.offset !== last || lane !== source) {
        context.newestMs = draft.newestMs;
        last = position.offset;
      }
      source = lane;
      if (position.offset > high) high = position.offset;
    }
    draft.units += 1;
    const held = rows.get(key);
    let before = held;
    if (horizon !== null) {
      draft.newestMs = Math.max(draft.newestMs, horizon.unitMs(unit.input));
      // As if it were deleted: so nobody can tell whether and when it was.
      if (held !== undefined && isExpired(horizon, held, context.newestMs)) before = undefined;
    }
    const next = fold.fold(before, unit, context);
    if (next === null) continue;
    if (next === gone) {
      // One that has expired lies there all the same, until it is swept.
      if (held !== undefined) deleteRow(draft, rows, key);
      continue;
    }
    const first = !draft.dirty.has(key);
    if (patched) draft.bytes += patchBytes;
    else if (first) draft.bytes += fold.rows.bytes(next);
    if (next !== before) rows.set(key, next);
    if (first || next !== before) draft.dirty.set(key, next);
    if (before === undefined && (horizon !== null || draft.gone.has(key))) draft.anew.add(key);
    draft.gone.delete(key);
  }
  if (source < 0) return;
  while (marks.length <= source) marks.push(-1);
  marks[source] = high;
}

function deleteRow<Row, Out>(draft: Draft<Row, Out>, rows: Map<string, Row>, key: string): void {
  rows.delete(key);
  draft.dirty.delete(key);
  draft.gone.add(key);
  draft.bytes += patchBytes;
}

function countUp(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
