import { readId } from '../../schemas/packed/bytes.ts';
import {
  cellAt,
  experimentAt,
  head,
  kindNameBytes,
  kindsMax,
  nameBytes,
  recordType,
  variantAt,
  writeName,
} from '../../schemas/packed/experiment-partials.ts';
import { hash48 } from './hash.ts';
import { recordsOf } from './slab.ts';

/** Of an experiment, as the first exposure in it said. */
export interface BegunExperiment {
  readonly experiment: string;
  readonly variant: string;
  readonly context: string;
  readonly creditMs: number;
  /** None: all interactions are of one kind. */
  readonly kinds: readonly string[];
}

/** Where a variant's record stands, and its cells by their stretch of time. */
export interface KnownVariant {
  readonly at: number;
  readonly index: number;
  readonly cells: Map<number, number>;
}

export interface KnownExperiment {
  readonly at: number;
  readonly index: number;
  /** Hashes of their names. */
  readonly kinds: readonly number[];
  /** By the hash of the name. */
  readonly variants: Map<number, KnownVariant>;
}

const widthMsMin = 1_000;

/** Experiments by the hash of their name, and variants by their number. */
export function indexOf(bytes: Buffer): {
  readonly experiments: Map<number, KnownExperiment>;
  readonly variants: KnownVariant[];
} {
  const experiments = new Map<number, KnownExperiment>();
  const byIndex: KnownExperiment[] = [];
  const variants: KnownVariant[] = [];
  for (const at of recordsOf(bytes)) {
    if (bytes[at] === recordType.experiment) {
      const known = knownAt(bytes, at, byIndex.length);
      byIndex.push(known);
      experiments.set(hash48(readId(bytes, at + experimentAt.name)), known);
    } else if (bytes[at] === recordType.variant) {
      const variant = { at, index: variants.length, cells: new Map<number, number>() };
      variants.push(variant);
      const owner = byIndex[bytes.readUInt16LE(at + variantAt.experiment)];
      owner?.variants.set(hash48(readId(bytes, at + variantAt.name)), variant);
    } else {
      const owner = variants[bytes.readUInt16LE(at + cellAt.variant)];
      owner?.cells.set(bytes.readDoubleLE(at + cellAt.bucket), at);
    }
  }
  return { experiments, variants };
}

function knownAt(bytes: Buffer, at: number, index: number): KnownExperiment {
  const kinds = Array.from({ length: bytes[at + experimentAt.kinds] ?? 0 }, (_, kind) =>
    hash48(readId(bytes, at + experimentAt.kindNames + kind * kindNameBytes)),
  );
  return { at, index, kinds, variants: new Map() };
}

/** Writes the record of an experiment that nobody was in before. */
export function beginExperiment(
  bytes: Buffer,
  at: number,
  begun: BegunExperiment,
): KnownExperiment {
  const kinds = begun.kinds.slice(0, kindsMax);
  bytes[at] = recordType.experiment;
  bytes[at + experimentAt.kinds] = kinds.length;
  writeName(bytes, at + experimentAt.name, { name: begun.experiment, slot: nameBytes });
  writeName(bytes, at + experimentAt.context, { name: begun.context, slot: nameBytes });
  bytes.writeDoubleLE(begun.creditMs, at + experimentAt.creditMs);
  bytes.writeDoubleLE(widthMsMin, at + experimentAt.widthMs);
  bytes.writeDoubleLE(-1, at + experimentAt.firstMs);
  for (const [kind, name] of kinds.entries()) {
    const slot = kindNameBytes;
    writeName(bytes, at + experimentAt.kindNames + kind * slot, { name, slot });
  }
  const index = bytes.readUInt16LE(head.experiments);
  bytes.writeUInt16LE(index + 1, head.experiments);
  return knownAt(bytes, at, index);
}

/** The same of a variant. */
export function beginVariant(
  bytes: Buffer,
  at: number,
  { name, experiment }: { readonly name: string; readonly experiment: number },
): KnownVariant {
  bytes[at] = recordType.variant;
  bytes.writeUInt16LE(experiment, at + variantAt.experiment);
  writeName(bytes, at + variantAt.name, { name, slot: nameBytes });
  const index = bytes.readUInt16LE(head.variants);
  bytes.writeUInt16LE(index + 1, head.variants);
  return { at, index, cells: new Map<number, number>() };
}
