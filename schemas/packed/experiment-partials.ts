import { checkLayout, readId, writeId } from './bytes.ts';

/**
 * What one partition of the fold `experiments` knows of all experiments: sums, so that the figures
 * of partitions add up when they are read.
 *
 * A head, then records one after the other, in the order in which they were begun; what follows the
 * last is room to grow. Numbers are whole, so that sums do not depend on the order of their parts:
 * doubles, and 128-bit integers where squares of large values go in. Values are in hundredths,
 * figures from before the first exposure in 64ths.
 */
export const partialsLayout = 1;

export const head = {
  bytes: 64,
  experiments: 2,
  variants: 4,
  used: 8,
  interactionsMark: 16,
  exposuresMark: 24,
  /** Experiments that were forgotten, since there were too many. */
  forgotten: 32,
  /** Users who were not counted, since they were in too many experiments before. */
  unplaced: 40,
} as const;

export const recordType = { experiment: 1, variant: 2, cell: 3 } as const;

export const nameBytes = 64;
export const kindsMax = 7;
export const kindNameBytes = 65;
export const experimentAt = {
  kinds: 1,
  name: 8,
  context: 8 + nameBytes,
  creditMs: 136,
  widthMs: 144,
  activeMs: 152,
  multiple: 160,
  late: 168,
  firstMs: 176,
  kindNames: 184,
  bytes: 640,
} as const;

export const rulesMax = 12;
export const ruleBytes = 40;
export const ruleAt = { name: 0, removed: 24, answers: 32, nameBytes: 24 } as const;
/** HyperLogLog: an error of about 3%. */
export const sketchRegisters = 1_024;
export const variantAt = {
  experiment: 2,
  name: 8,
  users: 72,
  answers: 80,
  answersSquares: 88,
  predicted: 96,
  enough: 104,
  emptied: 112,
  items: 120,
  wanted: 128,
  rules: 136,
  sketch: 136 + rulesMax * ruleBytes,
  bytes: 136 + rulesMax * ruleBytes + sketchRegisters,
} as const;

export const cellAt = {
  kinds: 1,
  variant: 2,
  bucket: 8,
  users: 16,
  x: 24,
  xx: 32,
  any: 40,
  xAny: 48,
  count: 56,
  countSquares: 64,
  xCount: 72,
  value: 80,
  valueSquares: 88,
  xValue: 104,
  perKind: 120,
} as const;
export const kindAt = {
  users: 0,
  count: 8,
  countSquares: 16,
  value: 24,
  valueSquares: 32,
  bytes: 48,
} as const;

export const cellBytes = (kinds: number): number => cellAt.perKind + kinds * kindAt.bytes;
export const valueUnits = 100;
export const covariateUnits = 64;

export const recordBytes = (bytes: Buffer, at: number): number => {
  const type = bytes[at];
  if (type === recordType.experiment) return experimentAt.bytes;
  if (type === recordType.variant) return variantAt.bytes;
  if (type === recordType.cell) return cellBytes(bytes[at + cellAt.kinds] ?? 0);
  throw new RangeError(`experiment figures: no record begins at ${at}`);
};

const big64 = 2n ** 64n;

/** Little-endian, two's complement. */
export function writeBig(bytes: Buffer, at: number, value: bigint): void {
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value >> 64n), at + 8);
}
export const readBig = (bytes: Buffer, at: number): bigint =>
  bytes.readBigInt64LE(at + 8) * big64 + bytes.readBigUInt64LE(at);

const scratch = Buffer.alloc(256);
/** A name in a slot of fixed size; what does not fit is cut. */
export function writeName(
  bytes: Buffer,
  at: number,
  { name, slot }: { readonly name: string; readonly slot: number },
): void {
  const length = Math.min(slot - 1, Math.max(0, writeId(scratch, name)));
  bytes[at] = length;
  scratch.copy(bytes, at + 1, 0, length);
}

/** Sums of the users of a variant whose first exposure lies in one stretch of time. */
export interface PackedCell {
  readonly users: number;
  readonly x: number;
  readonly xx: number;
  readonly any: number;
  readonly xAny: number;
  readonly count: number;
  readonly countSquares: number;
  readonly xCount: number;
  readonly value: number;
  readonly valueSquares: number;
  readonly xValue: number;
  /** In the order of the experiment's kinds. */
  readonly kinds: readonly PackedKind[];
}

export interface PackedKind {
  readonly users: number;
  readonly count: number;
  readonly countSquares: number;
  readonly value: number;
  readonly valueSquares: number;
}

export interface PackedVariant {
  readonly variant: string;
  readonly users: number;
  readonly answers: number;
  readonly answersSquares: number;
  readonly predicted: number;
  readonly enough: number;
  readonly emptied: number;
  readonly items: number;
  readonly wanted: number;
  /** Per rule: candidates removed, and answers that it touched. */
  readonly removed: Readonly<Record<string, { readonly items: number; readonly answers: number }>>;
  readonly sketch: Buffer;
  /** By the number of the stretch: first exposures from `number * widthMs` on. */
  readonly cells: ReadonlyMap<number, PackedCell>;
}

export interface PackedExperiment {
  readonly experiment: string;
  readonly context: string;
  readonly kinds: readonly string[];
  readonly creditMs: number;
  readonly widthMs: number;
  readonly multiple: number;
  readonly late: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly variants: readonly PackedVariant[];
}

export interface ExperimentPartials {
  /** Newest time of either log, in milliseconds; -1: nothing came yet. */
  readonly interactionsMarkMs: number;
  readonly exposuresMarkMs: number;
  readonly forgotten: number;
  readonly unplaced: number;
  readonly experiments: readonly PackedExperiment[];
}

/** A partition's figures, for whoever reads them. Throws on another layout. */
export function decodePartials(bytes: Buffer): ExperimentPartials {
  checkLayout(bytes, partialsLayout, 'figures of experiments');
  const experiments: (PackedExperiment & { variants: PackedVariant[] })[] = [];
  const variants: { readonly cells: Map<number, PackedCell> }[] = [];
  const used = bytes.readUInt32LE(head.used);
  for (let at: number = head.bytes; at < used; at += recordBytes(bytes, at)) {
    if (bytes[at] === recordType.experiment) experiments.push(experimentOf(bytes, at));
    else if (bytes[at] === recordType.variant) {
      const variant = { ...variantOf(bytes, at), cells: new Map<number, PackedCell>() };
      variants.push(variant);
      experiments[bytes.readUInt16LE(at + variantAt.experiment)]?.variants.push(variant);
    } else {
      const owner = variants[bytes.readUInt16LE(at + cellAt.variant)];
      owner?.cells.set(bytes.readDoubleLE(at + cellAt.bucket), cellOf(bytes, at));
    }
  }
  return {
    interactionsMarkMs: bytes.readDoubleLE(head.interactionsMark),
    exposuresMarkMs: bytes.readDoubleLE(head.exposuresMark),
    forgotten: bytes.readDoubleLE(head.forgotten),
    unplaced: bytes.readDoubleLE(head.unplaced),
    experiments,
  };
}

function experimentOf(bytes: Buffer, at: number): PackedExperiment & { variants: PackedVariant[] } {
  const number = (field: number): number => bytes.readDoubleLE(at + field);
  return {
    experiment: readId(bytes, at + experimentAt.name),
    context: readId(bytes, at + experimentAt.context),
    kinds: Array.from({ length: bytes[at + experimentAt.kinds] ?? 0 }, (_, kind) =>
      readId(bytes, at + experimentAt.kindNames + kind * kindNameBytes),
    ),
    creditMs: number(experimentAt.creditMs),
    widthMs: number(experimentAt.widthMs),
    multiple: number(experimentAt.multiple),
    late: number(experimentAt.late),
    firstMs: number(experimentAt.firstMs),
    lastMs: number(experimentAt.activeMs),
    variants: [],
  };
}

function variantOf(bytes: Buffer, at: number): Omit<PackedVariant, 'cells'> {
  const number = (field: number): number => bytes.readDoubleLE(at + field);
  const removed: Record<string, { items: number; answers: number }> = {};
  for (let rule = 0; rule < rulesMax; rule += 1) {
    const from = variantAt.rules + rule * ruleBytes;
    const name = readId(bytes, at + from + ruleAt.name);
    if (name === '') break;
    removed[name] = {
      items: number(from + ruleAt.removed),
      answers: number(from + ruleAt.answers),
    };
  }
  const sketch = bytes.subarray(at + variantAt.sketch, at + variantAt.bytes);
  return {
    variant: readId(bytes, at + variantAt.name),
    users: number(variantAt.users),
    answers: number(variantAt.answers),
    answersSquares: number(variantAt.answersSquares),
    predicted: number(variantAt.predicted),
    enough: number(variantAt.enough),
    emptied: number(variantAt.emptied),
    items: number(variantAt.items),
    wanted: number(variantAt.wanted),
    removed,
    sketch,
  };
}

/** In people's units: values as they came, figures from before as counts. */
function cellOf(bytes: Buffer, at: number): PackedCell {
  const number = (field: number): number => bytes.readDoubleLE(at + field);
  const big = (field: number): number => Number(readBig(bytes, at + field));
  return {
    users: number(cellAt.users),
    x: number(cellAt.x) / covariateUnits,
    xx: number(cellAt.xx) / covariateUnits ** 2,
    any: number(cellAt.any),
    xAny: number(cellAt.xAny) / covariateUnits,
    count: number(cellAt.count),
    countSquares: number(cellAt.countSquares),
    xCount: number(cellAt.xCount) / covariateUnits,
    value: number(cellAt.value) / valueUnits,
    valueSquares: big(cellAt.valueSquares) / valueUnits ** 2,
    xValue: big(cellAt.xValue) / (valueUnits * covariateUnits),
    kinds: Array.from({ length: bytes[at + cellAt.kinds] ?? 0 }, (_, kind) => {
      const from = cellAt.perKind + kind * kindAt.bytes;
      return {
        users: number(from + kindAt.users),
        count: number(from + kindAt.count),
        countSquares: number(from + kindAt.countSquares),
        value: number(from + kindAt.value) / valueUnits,
        valueSquares: big(from + kindAt.valueSquares) / valueUnits ** 2,
      };
    }),
  };
}
