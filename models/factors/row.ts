import type { RowCodec } from '../model.ts';

/**
 * A stored row, little-endian; all of it is the head that candidates are read by:
 *
 * | at | what |
 * | --- | --- |
 * | 0 | u8 layout |
 * | 1 | u8 1 once there was an event, which sets the epoch; else 0 |
 * | 2 | u16 dimensions |
 * | 4 | i32 epoch: the factor counts in units of 2^epoch |
 * | 8 | f64 log2 of the item's decayed visits, for the ranking |
 * | 16 | f32 * dimensions: the factor |
 */
export const layoutVersion = 1;
const headBytes = 16;
export const rowBytes = (dimensions: number): number => headBytes + 4 * dimensions;

/** Rescaled when an event would pass 2^32 units: rare, and far from overflow. */
const epochSpan = 32;

/** The stored bytes with the factor seen as floats, changed in place: what is stored is the state. */
export class FactorRow {
  readonly bytes: Buffer;
  readonly factor: Float32Array;
  epoch: number;
  log2Weight: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const dimensions = bytes.readUInt16LE(2);
    this.factor = new Float32Array(bytes.buffer, bytes.byteOffset + headBytes, dimensions);
    this.epoch = bytes.readInt32LE(4);
    this.log2Weight = bytes.readDoubleLE(8);
  }

  /** What an event at `time` (in half-lives) weighs here. Moves the epoch where it must. */
  unitAt(time: number): number {
    if (this.bytes[1] === 0) this.epoch = Math.floor(time);
    this.bytes[1] = 1;
    if (time - this.epoch >= epochSpan) {
      const epoch = Math.floor(time);
      const factor = 2 ** (this.epoch - epoch);
      for (let at = 0; at < this.factor.length; at++)
        this.factor[at] = (this.factor[at] as number) * factor;
      this.epoch = epoch;
    }
    return 2 ** (time - this.epoch);
  }

  writeHead(): void {
    this.bytes.writeInt32LE(this.epoch, 4);
    this.bytes.writeDoubleLE(this.log2Weight, 8);
  }
}

export const emptyRow = (dimensions: number): FactorRow => {
  const bytes = Buffer.from(new ArrayBuffer(rowBytes(dimensions)));
  bytes[0] = layoutVersion;
  bytes.writeUInt16LE(dimensions, 2);
  bytes.writeDoubleLE(Number.NEGATIVE_INFINITY, 8);
  return new FactorRow(bytes);
};

const isRow = (bytes: Buffer): boolean =>
  bytes.length >= headBytes &&
  bytes[0] === layoutVersion &&
  bytes.length === rowBytes(bytes.readUInt16LE(2));

/** Written whole: a patch would cost about as much. */
export const factorRows: RowCodec<FactorRow> = {
  decode(stored) {
    if (!isRow(stored))
      throw new Error(`factors: a stored row has an unknown layout (${stored.length} bytes)`);
    const bytes = Buffer.from(new ArrayBuffer(stored.length));
    stored.copy(bytes);
    return new FactorRow(bytes);
  },
  encode(row) {
    row.writeHead();
    return { whole: Buffer.from(row.bytes) };
  },
  bytes: (row) => row.bytes.length,
};

/** The factor at length 1, as retrieval reads it; null where there is none. */
export const directionOf = (bytes: Buffer | undefined, dimensions: number): Float64Array | null => {
  if (bytes === undefined || !isRow(bytes) || bytes.readUInt16LE(2) !== dimensions) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + headBytes, 4 * dimensions);
  const direction = new Float64Array(dimensions);
  let squares = 0;
  for (let at = 0; at < dimensions; at++) {
    const value = view.getFloat32(4 * at, true);
    direction[at] = value;
    squares += value * value;
  }
  if (!(squares > 0)) return null;
  const length = Math.sqrt(squares);
  for (let at = 0; at < dimensions; at++) direction[at] = (direction[at] as number) / length;
  return direction;
};
