import type { RowCodec, Write } from '../../lib/stream/topology.ts';
import { checkLayout } from '../../schemas/packed/bytes.ts';
import {
  cellAt,
  cellBytes,
  experimentAt,
  head,
  partialsLayout,
  recordType,
  variantAt,
} from '../../schemas/packed/experiment-partials.ts';
import { countAnswer, type CountedAnswer } from './answer-counts.ts';
import { addNumber, addSums } from './cell-sums.ts';
import {
  beginExperiment,
  type BegunExperiment,
  beginVariant,
  indexOf,
  type KnownExperiment,
  type KnownVariant,
} from './partials-index.ts';
import { capacityOf, widened, withoutOldest } from './slab.ts';
import type { Arm, OutcomeSums } from './user-row.ts';

/** Stretches of time that the course of an experiment is kept in; twice as long when full. */
export const bucketsMax = 128;
export const experimentsMax = 1_000;

/**
 * The partition's sums, edited as bytes (their layout stands in schemas/packed): what changed is
 * written in place, and the whole only when a record is added beyond its room.
 */
export class Partials {
  bytes: Buffer;
  /** Bytes that changed since they were last stored: from where, how many. */
  readonly #changed = new Map<number, number>();
  #isStored: boolean;
  #experiments = new Map<number, KnownExperiment>();
  #variants: KnownVariant[] = [];

  constructor(stored: Buffer | null) {
    this.#isStored = stored !== null;
    this.bytes = stored ?? emptyBytes();
    checkLayout(this.bytes, partialsLayout, 'figures of experiments');
    this.#index();
  }

  write(): Write {
    const whole = !this.#isStored;
    this.#isStored = true;
    const changed = [...this.#changed];
    this.#changed.clear();
    if (whole) return { whole: Buffer.from(this.bytes) };
    const patchOf = (at: number, length: number) => ({
      at,
      bytes: Buffer.from(this.bytes.subarray(at, at + length)),
    });
    return {
      patches: [patchOf(0, head.bytes), ...changed.map(([at, length]) => patchOf(at, length))],
    };
  }

  /** The mark of the topic with this interaction. */
  passInteraction(atMs: number): number {
    return this.#pass(head.interactionsMark, atMs);
  }

  /** When an exposure came to its log, where times never go back. */
  passExposure(atMs: number): number {
    return this.#pass(head.exposuresMark, atMs);
  }

  #pass(field: number, atMs: number): number {
    const mark = Math.max(this.bytes.readDoubleLE(field), atMs);
    this.bytes.writeDoubleLE(mark, field);
    return mark;
  }

  /** Where the experiment counts a kind of interaction; -1: it does not. */
  slotOf(experiment: number, kind: number): number {
    const kinds = this.#experiments.get(experiment)?.kinds ?? none;
    return kinds.length === 0 ? (this.#experiments.has(experiment) ? 0 : -1) : kinds.indexOf(kind);
  }

  unplaced(): void {
    this.#add(head.unplaced, 1);
  }

  countLate(experiment: number): void {
    this.#count(experiment, experimentAt.late);
  }

  /** A user's first exposure in an experiment. */
  enter(arm: Arm, begun: BegunExperiment): void {
    const known = this.#experiments.get(arm.experiment) ?? this.#begin(arm, begun);
    const width = this.bytes.readUInt8(known.at + experimentAt.kinds) || 1;
    arm.sums.counts = Array.from({ length: width }, () => 0);
    arm.sums.values = Array.from({ length: width }, () => 0);
    this.#variantOf(known, arm.variant, begun.variant);
    this.#widen(arm);
    const first = this.bytes.readDoubleLE(this.#at(arm.experiment) + experimentAt.firstMs);
    if (first < 0 || arm.firstMs < first)
      this.bytes.writeDoubleLE(arm.firstMs, this.#at(arm.experiment) + experimentAt.firstMs);
    this.#addUser(arm, 1);
  }

  /** A user who saw two variants counts in none. */
  leave(arm: Arm): void {
    if (!this.#experiments.has(arm.experiment)) return;
    this.#addUser(arm, -1);
    this.#count(arm.experiment, experimentAt.multiple);
  }

  /** A user who is forgotten is taken off the sums. */
  withdraw(arm: Arm): void {
    if (this.#experiments.has(arm.experiment)) this.#addUser(arm, -1);
  }

  #addUser(arm: Arm, sign: 1 | -1): void {
    const variant = this.#experiments.get(arm.experiment)?.variants.get(arm.variant);
    if (variant === undefined) return;
    this.#add(variant.at + variantAt.users, sign);
    this.#touch(variant.at, variantAt.sketch);
    const cell = this.#cellOf(arm, variant);
    if (cell < 0) return;
    this.#add(cell + cellAt.users, sign);
    this.#addSums(cell, arm.sums, sign);
  }

  /** A user's sums were `before`, and are `after` now. */
  change(arm: Arm, before: OutcomeSums, after: OutcomeSums): void {
    const variant = this.#experiments.get(arm.experiment)?.variants.get(arm.variant);
    if (variant === undefined) return;
    const cell = this.#cellOf(arm, variant);
    if (cell < 0) return;
    this.#addSums(cell, before, -1);
    this.#addSums(cell, after, 1);
  }

  /** An answer of a user who had `answersBefore` in the experiment. */
  answer(arm: Pick<Arm, 'experiment' | 'variant'>, answer: CountedAnswer): void {
    const known = this.#experiments.get(arm.experiment);
    const variant = known?.variants.get(arm.variant);
    if (known === undefined || variant === undefined) return;
    const active = known.at + experimentAt.activeMs;
    this.bytes.writeDoubleLE(Math.max(this.bytes.readDoubleLE(active), answer.servedMs), active);
    this.#touch(known.at, experimentAt.bytes);
    countAnswer(this.bytes, variant.at, answer);
    this.#touch(variant.at, variantAt.bytes);
  }

  #addSums(cell: number, sums: OutcomeSums, sign: 1 | -1): void {
    addSums(this.bytes, cell, { sums, sign });
    this.#touch(cell, cellBytes(sums.counts.length));
  }

  #add(at: number, delta: number): void {
    addNumber(this.bytes, at, delta);
  }

  #count(experiment: number, field: number): void {
    const at = this.#experiments.get(experiment)?.at;
    if (at === undefined) return;
    this.#add(at + field, 1);
    this.#touch(at, experimentAt.bytes);
  }

  #touch(at: number, length: number): void {
    if ((this.#changed.get(at) ?? 0) < length) this.#changed.set(at, length);
  }

  #at(experiment: number): number {
    return this.#experiments.get(experiment)?.at ?? 0;
  }

  #begin(arm: Arm, begun: BegunExperiment): KnownExperiment {
    if (this.#experiments.size >= experimentsMax) {
      this.#replace(withoutOldest(this.bytes));
      this.#add(head.forgotten, 1);
    }
    const at = this.#append(experimentAt.bytes);
    const known = beginExperiment(this.bytes, at, begun);
    this.#experiments.set(arm.experiment, known);
    return known;
  }

  #variantOf(known: KnownExperiment, hash: number, name: string): KnownVariant {
    const there = known.variants.get(hash);
    if (there !== undefined) return there;
    const at = this.#append(variantAt.bytes);
    const variant = beginVariant(this.bytes, at, { name, experiment: known.index });
    known.variants.set(hash, variant);
    this.#variants.push(variant);
    return variant;
  }

  /** Where the sums of the users of this arm's time stand; begun where there are none. */
  #cellOf(arm: Arm, variant: KnownVariant): number {
    const width = this.bytes.readDoubleLE(this.#at(arm.experiment) + experimentAt.widthMs);
    const bucket = Math.floor(arm.firstMs / width);
    const there = variant.cells.get(bucket);
    if (there !== undefined) return there;
    const kinds = arm.sums.counts.length;
    const at = this.#append(cellBytes(kinds));
    this.bytes[at] = recordType.cell;
    this.bytes[at + cellAt.kinds] = kinds;
    this.bytes.writeUInt16LE(variant.index, at + cellAt.variant);
    this.bytes.writeDoubleLE(bucket, at + cellAt.bucket);
    variant.cells.set(bucket, at);
    return at;
  }

  /** Twice as wide until the whole course, with this arm, fits. */
  #widen({ experiment, firstMs }: Arm): void {
    const known = this.#experiments.get(experiment);
    if (known === undefined) return;
    const width = this.bytes.readDoubleLE(known.at + experimentAt.widthMs);
    const buckets = [...known.variants.values()].flatMap(({ cells }) => [...cells.keys()]);
    if (buckets.length === 0) return;
    const firsts = buckets.map((bucket) => bucket * width);
    const from = Math.min(firstMs, ...firsts);
    const to = Math.max(firstMs, ...firsts);
    let wider = width;
    while (Math.floor(to / wider) - Math.floor(from / wider) >= bucketsMax) wider *= 2;
    if (wider === width) return;
    this.#replace(widened(this.bytes, known.index, wider / width));
  }

  /** Room for one more record, all zeros. */
  #append(length: number): number {
    const at = this.bytes.readUInt32LE(head.used);
    const capacity = capacityOf(at + length);
    if (capacity > this.bytes.length) {
      const grown = Buffer.alloc(capacity);
      this.bytes.copy(grown);
      this.bytes = grown;
      this.#isStored = false;
    }
    this.bytes.writeUInt32LE(at + length, head.used);
    this.#touch(at, length);
    return at;
  }

  #replace(bytes: Buffer): void {
    this.bytes = bytes;
    this.#isStored = false;
    this.#changed.clear();
    this.#index();
  }

  #index(): void {
    const { experiments, variants } = indexOf(this.bytes);
    this.#experiments = experiments;
    this.#variants = variants;
  }
}

const none: readonly number[] = [];

function emptyBytes(): Buffer {
  const bytes = Buffer.alloc(capacityOf(head.bytes));
  bytes[0] = partialsLayout;
  bytes.writeUInt32LE(head.bytes, head.used);
  bytes.writeDoubleLE(-1, head.interactionsMark);
  bytes.writeDoubleLE(-1, head.exposuresMark);
  return bytes;
}

export const partialsCodec: RowCodec<Partials> & { readonly empty: () => Partials } = {
  decode: (bytes) => new Partials(bytes),
  encode: (partials) => partials.write(),
  bytes: ({ bytes }) => bytes.length,
  empty: () => new Partials(null),
};
