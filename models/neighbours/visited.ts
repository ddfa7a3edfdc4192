import type { Actor } from './actors.ts';
import { headBytes, idBytesMax, itemHeadBytes, layoutVersion, rowSort } from './layout.ts';

export interface VisitedOptions {
  readonly itemsMax: number;
  /** Whether an item that is visited again becomes the newest; else it keeps its place. */
  readonly renews: boolean;
}

/** Longer ones are nobody's: the caller asks first. */
export const fits = (itemId: string): boolean =>
  itemId.length * 3 <= idBytesMax || Buffer.byteLength(itemId) <= idBytesMax;

const idScratch = Buffer.alloc(idBytesMax + 4);

/**
 * The items that one actor visited, oldest first, edited as bytes. The row of a slot, which a newer
 * actor takes over.
 */
export class Visited {
  bytes: Buffer;
  length: number;
  /** Whether the last change made this the row of another actor: for whoever counts them. */
  begun = false;

  constructor(bytes: Buffer, length: number) {
    this.bytes = bytes;
    this.length = length;
  }

  get items(): number {
    return this.bytes.readUInt16LE(2);
  }

  get newest(): number {
    return this.bytes.readUInt32LE(12);
  }

  isOf({ user, own }: Actor): boolean {
    return this.bytes.readUInt32LE(4) === user && this.bytes.readUInt32LE(8) === own;
  }

  /** Makes it the row of an actor that has visited nothing yet. */
  begin({ user, own }: Actor): void {
    const { bytes } = this;
    bytes[0] = layoutVersion;
    bytes[1] = rowSort.actor;
    bytes.writeUInt16LE(0, 2);
    bytes.writeUInt32LE(user, 4);
    bytes.writeUInt32LE(own, 8);
    bytes.writeUInt32LE(0, 12);
    this.length = headBytes;
    this.begun = true;
  }

  /** False where this changes nothing. */
  visit(
    visit: { readonly itemId: string; readonly seconds: number; readonly weight: number },
    { itemsMax, renews }: VisitedOptions,
  ): boolean {
    const { itemId, seconds, weight } = visit;
    const idBytes = idScratch.write(itemId, 0, idBytesMax, 'utf8');
    const newest = Math.max(this.newest, seconds);
    const known = this.#find(idBytes);
    const packed = known < 0 ? weight : Math.max(weight, this.bytes[known] as number);
    const stays = known >= 0 && (!renews || seconds < this.newest);
    if (stays && packed === this.bytes[known] && newest === this.newest) return false;
    this.bytes.writeUInt32LE(newest, 12);
    if (stays) this.bytes[known] = packed;
    else {
      if (known >= 0) this.#drop(known);
      else if (this.items === itemsMax) this.#drop(headBytes);
      this.#append(idBytes, packed);
    }
    return true;
  }

  /** Where the item of the scratch begins; -1: it is not there. */
  #find(idBytes: number): number {
    const { bytes, length } = this;
    for (let at = headBytes; at < length; ) {
      const size = bytes[at + 1] as number;
      if (size === idBytes) {
        // From the end: ids of one catalogue begin alike.
        let same = size;
        while (same > 0 && bytes[at + 1 + same] === idScratch[same - 1]) same--;
        if (same === 0) return at;
      }
      at += itemHeadBytes + size;
    }
    return -1;
  }

  #drop(at: number): void {
    const end = at + itemHeadBytes + (this.bytes[at + 1] as number);
    this.bytes.copyWithin(at, end, this.length);
    this.length -= end - at;
    this.bytes.writeUInt16LE(this.items - 1, 2);
  }

  #append(idBytes: number, weight: number): void {
    const start = this.length;
    const length = start + itemHeadBytes + idBytes;
    if (length > this.bytes.length) {
      const bytes = blank(Math.max(length, 2 * start));
      this.bytes.copy(bytes, 0, 0, start);
      this.bytes = bytes;
    }
    this.bytes[start] = weight;
    this.bytes[start + 1] = idBytes;
    idScratch.copy(this.bytes, start + itemHeadBytes, 0, idBytes);
    this.length = length;
    this.bytes.writeUInt16LE(this.items + 1, 2);
  }
}

/** Memory of its own: rows live long in a cache, and would keep a pool alive. */
const blank = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes));

export const emptyVisited = (actor: Actor): Visited => {
  const row = new Visited(blank(4 * headBytes), headBytes);
  row.begin(actor);
  return row;
};

/** Null where the bytes are no actor's row that can be read. */
export const storedVisited = (stored: Buffer): Visited | null => {
  if (stored.length < headBytes || stored[1] !== rowSort.actor) return null;
  const bytes = blank(stored.length);
  stored.copy(bytes);
  return new Visited(bytes, stored.length);
};
