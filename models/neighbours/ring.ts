import { roomFor } from '../cells.ts';
import { noted } from '../patches.ts';
import type { Actor } from './actors.ts';
import { cellBytes, headBytes, layoutVersion, rowSort } from './layout.ts';

const headWords = headBytes >> 2;
const cellWords = cellBytes >> 2;
const counterMax = 0xffffffff;

/**
 * The last actors that visited an item, in the order in which they first came: the stored bytes
 * themselves, edited in place. A full ring overwrites its oldest cell.
 */
export class Ring {
  bytes: Buffer;
  words: Uint32Array;
  room: number;
  used: number;
  next: number;
  actors: number;
  newest: number;
  /** Cells changed since the last encode; null: the row must be written whole. */
  changed: number[] | null;

  constructor(bytes: Buffer, stored: boolean) {
    this.bytes = bytes;
    this.words = wordsOf(bytes);
    this.room = bytes.readUInt16LE(2);
    this.used = bytes.readUInt16LE(4);
    this.next = bytes.readUInt16LE(6);
    this.actors = bytes.readUInt32LE(8);
    this.newest = bytes.readUInt32LE(12);
    this.changed = stored ? [] : null;
  }

  /** False where this changes nothing: a late visit. */
  visit({ user, own }: Actor, seconds: number, cellsMax: number): boolean {
    const known = this.#find(user, own);
    if (known >= 0) {
      const at = headWords + known * cellWords + 2;
      if ((this.words[at] as number) >= seconds) return false;
      this.words[at] = seconds;
      this.#touch(known, seconds);
      return true;
    }
    const full = this.used === cellsMax;
    // Older than the actor that would have to go: whoever is listed stays.
    if (full && (this.words[headWords + this.next * cellWords + 2] as number) > seconds)
      return false;
    if (!full && this.used === this.room) this.#grow(roomFor(this.used + 1, cellsMax));
    const cell = full ? this.next : this.used++;
    this.next = (cell + 1) % cellsMax;
    this.actors = Math.min(counterMax, this.actors + 1);
    const at = headWords + cell * cellWords;
    this.words[at] = user;
    this.words[at + 1] = own;
    this.words[at + 2] = seconds;
    this.#touch(cell, seconds);
    return true;
  }

  #find(user: number, own: number): number {
    const { words } = this;
    const end = headWords + this.used * cellWords;
    for (let at = headWords; at < end; at += cellWords)
      if (words[at + 1] === own && words[at] === user) return (at - headWords) / cellWords;
    return -1;
  }

  #touch(cell: number, seconds: number): void {
    if (seconds > this.newest) this.newest = seconds;
    this.changed = noted(this.changed, cell);
  }

  #grow(room: number): void {
    const bytes = blank(room);
    this.bytes.copy(bytes);
    this.bytes = bytes;
    this.words = wordsOf(bytes);
    this.room = room;
    this.changed = null;
  }

  /** Brings the head's bytes up to date with the fields. */
  writeHead(): void {
    const { bytes } = this;
    bytes[0] = layoutVersion;
    bytes[1] = rowSort.item;
    bytes.writeUInt16LE(this.room, 2);
    bytes.writeUInt16LE(this.used, 4);
    bytes.writeUInt16LE(this.next, 6);
    bytes.writeUInt32LE(this.actors, 8);
    bytes.writeUInt32LE(this.newest, 12);
  }
}

const wordsOf = ({ buffer, byteOffset, length }: Buffer): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length >> 2);

/** Memory of its own, so that words lie on their boundaries and no pool is kept alive. */
const blank = (room: number): Buffer => Buffer.from(new ArrayBuffer(headBytes + room * cellBytes));

export const emptyRing = (cellsMax: number): Ring => {
  const room = roomFor(1, cellsMax);
  const bytes = blank(room);
  bytes.writeUInt16LE(room, 2);
  return new Ring(bytes, false);
};

/** Null where the bytes are no ring that can be read. */
export const storedRing = (stored: Buffer): Ring | null => {
  if (stored.length < headBytes || stored[1] !== rowSort.item) return null;
  const room = stored.readUInt16LE(2);
  if (stored.length !== headBytes + room * cellBytes) return null;
  const bytes = blank(room);
  stored.copy(bytes);
  return new Ring(bytes, true);
};
