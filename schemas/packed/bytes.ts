/**
 * What the packed layouts share. Numbers are little-endian; an id is one byte of length and its
 * UTF-8 bytes. Pure, and the writer's and the readers' only knowledge of how an id lies in bytes.
 */

/** An id's length is one byte. Ingest refuses ids of more than 128 bytes long before this. */
export const idBytesMax = 255;

/** Where folds and readers put an id as bytes before they compare it; large enough for any id. */
export const idScratch = (): Buffer => Buffer.alloc(idBytesMax);

/** An id where it is stored: who looks it up among other stored ones needs no string of it. */
export interface StoredId {
  readonly bytes: Buffer;
  /** Of its first byte, after that of its length. */
  readonly at: number;
  readonly length: number;
}

/** Writes an id as UTF-8 to the start of `into`; returns how many bytes, or -1 past 255. */
export function writeId(into: Buffer, id: string): number {
  const length = id.length;
  if (length > idBytesMax) return -1;
  // A loop over a short ASCII id costs a fifth of a call to Buffer.write.
  for (let i = 0; i < length; i++) {
    const unit = id.charCodeAt(i);
    if (unit > 0x7f) return Buffer.byteLength(id) > idBytesMax ? -1 : into.write(id, 0);
    into[i] = unit;
  }
  return length;
}

/** Whether the `length` bytes of `bytes` from `at` are those of `id` from `idAt`. */
export function sameId(bytes: Buffer, at: number, id: Buffer, length: number, idAt = 0): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== id[idAt + i]) return false;
  return true;
}

/** Reads the id whose length byte is at `at`. */
export function readId(bytes: Buffer, at: number): string {
  const length = bytes[at] ?? 0;
  if (at + 1 + length > bytes.length) throw new RangeError('packed value is cut short');
  return bytes.toString('utf8', at + 1, at + 1 + length);
}

/** Whole seconds of a time in ms, as 32 unsigned bits hold them (to the year 2106). */
export const secondsOf = (ms: number): number =>
  Math.min(0xffff_ffff, Math.max(0, Math.floor(ms / 1000)));

export function checkLayout(bytes: Buffer, layout: number, what: string): void {
  if (bytes[0] !== layout)
    throw new RangeError(`${what} has layout ${String(bytes[0])}, this reader knows ${layout}`);
}

/** FNV-1a, its high bits folded in. */
export function hashOf(bytes: Buffer, at: number, length: number): number {
  let value = 0x811c9dc5;
  for (let i = at; i < at + length; i++) value = Math.imul(value ^ (bytes[i] ?? 0), 0x01000193);
  return value ^ (value >>> 15);
}
