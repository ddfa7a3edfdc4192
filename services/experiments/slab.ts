import {
  cellAt,
  experimentAt,
  head,
  recordBytes,
  recordType,
  variantAt,
} from '../../schemas/packed/experiment-partials.ts';
import { addCell } from './cell-sums.ts';

const step = 4_096;

/** Bytes to keep for so many in use: in steps of a quarter, a rule on the content alone. */
export function capacityOf(used: number): number {
  let capacity = step;
  while (capacity < used) capacity = Math.ceil((capacity * 1.25) / step) * step;
  return capacity;
}

/** Where the records stand, in order. */
export function* recordsOf(bytes: Buffer): Generator<number> {
  const used = bytes.readUInt32LE(head.used);
  for (let at: number = head.bytes; at < used; at += recordBytes(bytes, at)) yield at;
}

/** The same without the experiment whose last exposure is longest ago. */
export function withoutOldest(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  const oldest = oldestOf(bytes);
  const experiments: number[] = [];
  const variants: number[] = [];
  let next = 0;
  let nextVariant = 0;
  for (const at of recordsOf(bytes)) {
    const record = Buffer.from(bytes.subarray(at, at + recordBytes(bytes, at)));
    if (record[0] === recordType.experiment) {
      const isKept = experiments.length !== oldest;
      experiments.push(isKept ? next++ : -1);
      if (isKept) parts.push(record);
      continue;
    }
    const isVariant = record[0] === recordType.variant;
    const field = isVariant ? variantAt.experiment : cellAt.variant;
    const owner = (isVariant ? experiments : variants)[record.readUInt16LE(field)] ?? -1;
    if (isVariant) variants.push(owner < 0 ? -1 : nextVariant++);
    if (owner < 0) continue;
    record.writeUInt16LE(owner, field);
    parts.push(record);
  }
  return joined(bytes, parts, { experiments: next, variants: nextVariant });
}

function oldestOf(bytes: Buffer): number {
  const ages = [...recordsOf(bytes)]
    .filter((at) => bytes[at] === recordType.experiment)
    .map((at) => bytes.readDoubleLE(at + experimentAt.activeMs));
  return ages.indexOf(Math.min(...ages));
}

/** The same with an experiment's stretches of time so many times as long. */
export function widened(bytes: Buffer, index: number, times: number): Buffer {
  const parts: Buffer[] = [];
  const owners: number[] = [];
  const cells = new Map<string, Buffer>();
  let experiments = 0;
  for (const at of recordsOf(bytes)) {
    const record = Buffer.from(bytes.subarray(at, at + recordBytes(bytes, at)));
    if (record[0] === recordType.experiment) {
      if (experiments === index) multiply(record, experimentAt.widthMs, times);
      experiments += 1;
    } else if (record[0] === recordType.variant) {
      owners.push(record.readUInt16LE(variantAt.experiment));
    } else if (owners[record.readUInt16LE(cellAt.variant)] === index) {
      const bucket = Math.floor(record.readDoubleLE(cellAt.bucket) / times);
      record.writeDoubleLE(bucket, cellAt.bucket);
      const name = `${record.readUInt16LE(cellAt.variant)}/${bucket}`;
      const there = cells.get(name);
      if (there !== undefined) {
        addCell(there, record);
        continue;
      }
      cells.set(name, record);
    }
    parts.push(record);
  }
  return joined(bytes, parts, { experiments, variants: owners.length });
}

const multiply = (record: Buffer, field: number, times: number): void =>
  void record.writeDoubleLE(record.readDoubleLE(field) * times, field);

function joined(
  before: Buffer,
  parts: readonly Buffer[],
  counts: { readonly experiments: number; readonly variants: number },
): Buffer {
  const used = parts.reduce<number>((sum, { length }) => sum + length, head.bytes);
  const bytes = Buffer.alloc(capacityOf(used));
  before.copy(bytes, 0, 0, head.bytes);
  let at: number = head.bytes;
  for (const part of parts) at += part.copy(bytes, at);
  bytes.writeUInt16LE(counts.experiments, head.experiments);
  bytes.writeUInt16LE(counts.variants, head.variants);
  bytes.writeUInt32LE(used, head.used);
  return bytes;
}
