import type { PackedContext, PackedSignal } from './signals.ts';

const layout = 1;

export interface SignalSelection {
  /** The one channel that is wanted. */
  readonly channel: number;
  /** The configured event types, in order. */
  readonly types: readonly string[];
}

/** A signal with what its interaction's signals share; its lists may be shared, too. */
export interface ReadSignal extends PackedSignal {
  readonly context: PackedContext;
}

export type SignalVisitor = (signal: ReadSignal, context: PackedContext, offset: number) => void;

class Malformed extends Error {}

/**
 * Visits the signals of one channel in the order of their interactions. Returns null, or what is
 * wrong with the bytes; what was visited until then must be dropped by the caller.
 */
export const readSignals = (
  bytes: Buffer,
  selection: SignalSelection,
  visit: SignalVisitor,
): string | null => {
  try {
    new SignalReader(bytes, selection, visit).read();
    return null;
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
};

const none: readonly number[] = Object.freeze([]);
/** Every list of one note there can be. */
const singleNotes: readonly (readonly number[])[] = Array.from({ length: 256 }, (_, note) =>
  Object.freeze([note]),
);

class SignalReader {
  readonly #bytes: Buffer;
  readonly #channel: number;
  readonly #types: readonly string[];
  readonly #visit: SignalVisitor;
  #at = 0;
  /** Where each string begins; its end is in the next field. Made into strings when first used. */
  #starts: Uint32Array = new Uint32Array(0);
  #ends: Uint32Array = new Uint32Array(0);
  #strings: (string | undefined)[] = [];
  /** Lists of one id, which most signals have: one list per string. */
  readonly #singles: (readonly string[] | undefined)[] = [];

  constructor(bytes: Buffer, selection: SignalSelection, visit: SignalVisitor) {
    this.#bytes = bytes;
    this.#channel = selection.channel;
    this.#types = selection.types;
    this.#visit = visit;
  }

  read(): void {
    if (this.#byte() !== layout) throw new Malformed('unknown layout');
    this.#readStrings();
    let offset = 0;
    let first = true;
    let atMs = 0;
    let clock = 0;
    while (this.#at < this.#bytes.length) {
      const step = this.#varint();
      if (step === 0 && !first) throw new Malformed('offsets must ascend');
      first = false;
      offset += step;
      atMs += this.#zigzag();
      clock += this.#zigzag();
      if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(atMs))
        throw new Malformed('number out of range');
      const type = this.#types[this.#byte()];
      if (type === undefined) throw new Malformed('unknown event type');
      this.#readGroups({ atMs, clock, type }, offset);
    }
  }

  #readStrings(): void {
    const count = this.#varint();
    if (count > this.#bytes.length) throw new Malformed('more strings than bytes');
    this.#starts = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
    this.#strings = [];
    for (let index = 0; index < count; index++) {
      const length = this.#varint();
      this.#starts[index] = this.#at;
      this.#at += length;
      if (this.#at > this.#bytes.length) throw new Malformed('truncated');
      this.#ends[index] = this.#at;
      this.#strings.push(undefined);
    }
  }

  #readGroups(context: PackedContext, offset: number): void {
    for (let groups = this.#byte(); groups > 0; groups--) {
      const channel = this.#byte();
      const length = this.#byte() | (this.#byte() << 8);
      const end = this.#at + length;
      if (end > this.#bytes.length) throw new Malformed('truncated');
      if (channel !== this.#channel) {
        this.#at = end;
        continue;
      }
      while (this.#at < end) this.#visit(this.#signal(context), context, offset);
      if (this.#at !== end) throw new Malformed('a signal passes the end of its group');
    }
  }

  #signal(context: PackedContext): ReadSignal {
    const item = this.#stringAt(this.#varint());
    const count = this.#varint();
    if (count === 1) {
      const others = this.#single(this.#varint());
      return { item, others, notes: singleNotes[this.#byte()] ?? none, context };
    }
    if (count > this.#bytes.length) throw new Malformed('more items than bytes');
    const others: string[] = [];
    const notes: number[] = [];
    for (let index = 0; index < count; index++) {
      others.push(this.#stringAt(this.#varint()));
      notes.push(this.#byte());
    }
    return { item, others, notes, context };
  }

  #single(number: number): readonly string[] {
    return (this.#singles[number] ??= Object.freeze([this.#stringAt(number)]));
  }

  #stringAt(number: number): string {
    const known = this.#strings[number];
    if (known !== undefined) return known;
    const start = this.#starts[number];
    if (start === undefined) throw new Malformed('unknown string');
    const made = this.#bytes.toString('utf8', start, this.#ends[number]);
    this.#strings[number] = made;
    return made;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Malformed('truncated');
    return byte;
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let factor = 128;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
      if (factor > 2 ** 49) throw new Malformed('number out of range');
    }
  }
}
