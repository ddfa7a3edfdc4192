/**
 * The payload of SignalPack.signals: what a run of interactions teaches about the items of one
 * target partition. Little-endian; varints of 7 bits, low first; zigzag where a number may fall.
 *
 * - u8 layout
 * - varint strings, then each as [varint length][UTF-8]: every id once
 * - interactions in ascending offset, to the end of the bytes:
 *   [varint offset - previous][zigzag atMs - previous][zigzag clock - previous][u8 type][u8 groups]
 *   - groups: [u8 channel][u16 length] then signals to that length, so that a reader passes over
 *     other channels without looking into them:
 *     [varint item][varint others] then [varint other][u8 note] each; ids as string numbers
 */
const layout = 1;

/** Structural twin of a model's Signal. */
export interface PackedSignal {
  readonly item: string;
  readonly others: readonly string[];
  readonly notes: readonly number[];
}

export interface PackedContext {
  readonly atMs: number;
  readonly clock: number;
  readonly type: string;
}

/** What is common to the signals of one interaction, as the writer takes it. */
export interface PackedInteraction {
  readonly offset: number;
  readonly atMs: number;
  readonly clock: number;
  /** Number of the event's type in the configured list. */
  readonly typeIndex: number;
}

const groupBytesMax = 0xffff;

/** Collects signals for one target partition. Interactions and channels come in order. */
export class SignalPackWriter {
  #body = Buffer.allocUnsafe(4096);
  #at = 0;
  readonly #strings = new Map<string, number>();
  #stringBytes = 0;
  #previous = { offset: 0, atMs: 0, clock: 0 };
  #groupsAt = 0;
  #groupAt = 0;
  #channel = -1;
  #first = -1;

  get firstOffset(): number {
    return this.#first;
  }

  get lastOffset(): number {
    return this.#previous.offset;
  }

  /** An upper bound of what `finish` returns. */
  get bytes(): number {
    return 8 + this.#stringBytes + this.#at;
  }

  begin(interaction: PackedInteraction): void {
    const { offset, atMs, clock, typeIndex } = interaction;
    if (this.#first < 0) this.#first = offset;
    this.#reserve(40);
    this.#varint(offset - this.#previous.offset);
    this.#zigzag(atMs - this.#previous.atMs);
    this.#zigzag(clock - this.#previous.clock);
    this.#body[this.#at++] = typeIndex;
    this.#groupsAt = this.#at++;
    this.#body[this.#groupsAt] = 0;
    this.#channel = -1;
    this.#previous = { offset, atMs, clock };
  }

  /** Adds a signal to the interaction begun last. */
  add(channel: number, signal: PackedSignal): void {
    const { item, others, notes } = signal;
    this.#reserve(16 + 6 * others.length);
    if (channel !== this.#channel) this.#beginGroup(channel);
    this.#varint(this.#string(item));
    this.#varint(others.length);
    for (let index = 0; index < others.length; index++) {
      this.#varint(this.#string(others[index] as string));
      this.#body[this.#at++] = notes[index] ?? 0;
    }
    const length = this.#at - this.#groupAt - 2;
    if (length > groupBytesMax) throw new Error('signals of one interaction exceed a pack group');
    this.#body[this.#groupAt] = length & 0xff;
    this.#body[this.#groupAt + 1] = length >> 8;
  }

  #beginGroup(channel: number): void {
    this.#channel = channel;
    this.#body[this.#groupsAt] = (this.#body[this.#groupsAt] as number) + 1;
    this.#body[this.#at++] = channel;
    this.#groupAt = this.#at;
    this.#at += 2;
  }

  #string(id: string): number {
    const known = this.#strings.get(id);
    if (known !== undefined) return known;
    const number = this.#strings.size;
    this.#strings.set(id, number);
    this.#stringBytes += 3 + 3 * id.length;
    return number;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#body.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#body.length + bytes));
    this.#body.copy(larger, 0, 0, this.#at);
    this.#body = larger;
  }

  #zigzag(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.#body, this.#at, value);
  }

  /** The payload. The writer is not used again. */
  finish(): Buffer {
    const head = Buffer.allocUnsafe(this.bytes - this.#at);
    head[0] = layout;
    let at = writeVarint(head, 1, this.#strings.size);
    for (const id of this.#strings.keys()) {
      const length = Buffer.byteLength(id);
      at = writeVarint(head, at, length);
      head.write(id, at, length, 'utf8');
      at += length;
    }
    return Buffer.concat([head.subarray(0, at), this.#body.subarray(0, this.#at)]);
  }
}

const writeVarint = (bytes: Buffer, at: number, value: number): number => {
  let rest = value;
  let end = at;
  // Numbers up to 2^53: bits can only be shifted once they fit 31.
  while (rest > 0x7fffffff) {
    bytes[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
};
