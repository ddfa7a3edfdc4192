/** Features are kept in steps of this, as one byte each: in lists as in examples. */
const stepsPerUnit = 32;

export const quantised = (value: number): number =>
  Math.max(-127, Math.min(127, Math.round(value * stepsPerUnit)));
export const unquantised = (stored: number): number => stored / stepsPerUnit;

const layoutVersion = 1;
const parts = 5;
const hardest = 10;
const sampled = 19;

/** A list whose user has not done anything since: its candidates, best first. */
export interface OpenList {
  readonly situation: readonly number[];
  readonly features: number;
  readonly itemIds: readonly string[];
  /** Quantised, candidate by candidate. */
  readonly matrix: Int8Array;
}

/**
 * An open example, little-endian: [u8 layout][u8 x 5 situation][u16 features][u16 candidates], then
 * ids as [u8 length][UTF-8], then the matrix.
 */
export function writeOpen({ situation, features, itemIds, matrix }: OpenList): Buffer {
  const ids = itemIds.map((id) => Buffer.from(id));
  const idBytes = ids.reduce((sum, id) => sum + 1 + id.length, 0);
  const bytes = Buffer.allocUnsafe(1 + parts + 4 + idBytes + matrix.length);
  let at = bytes.writeUInt8(layoutVersion, 0);
  for (let part = 0; part < parts; part++) at = bytes.writeUInt8(situation[part] ?? 0, at);
  at = bytes.writeUInt16LE(features, at);
  at = bytes.writeUInt16LE(ids.length, at);
  for (const id of ids) at = bytes.writeUInt8(id.length, at) + id.copy(bytes, at + 1);
  bytes.set(new Uint8Array(matrix.buffer, matrix.byteOffset, matrix.length), at);
  return bytes;
}

/**
 * An example: [u8 layout][u8 x 5 situation][u16 features][u8 candidates][u8 label], then per
 * candidate f32, the log of how many it stands for, then the matrix. Null where the user's next
 * item was not among the candidates.
 */
export function closeExample(open: Buffer, itemId: string, seed: number): Buffer | null {
  if (open[0] !== layoutVersion) return null;
  const features = open.readUInt16LE(1 + parts);
  const count = open.readUInt16LE(3 + parts);
  const { label, matrixAt } = findLabel(open, count, itemId);
  if (label < 0) return null;
  const chosen = negatives(count, label, seed);
  const size = 1 + chosen.places.length;
  const bytes = Buffer.allocUnsafe(1 + parts + 4 + size * (4 + features));
  open.copy(bytes, 0, 0, 3 + parts);
  bytes[3 + parts] = size;
  bytes[4 + parts] = 0;
  const logsAt = 5 + parts;
  for (const [index, place] of [label, ...chosen.places].entries()) {
    bytes.writeFloatLE(index <= hardest ? 0 : chosen.logStandsFor, logsAt + 4 * index);
    const from = matrixAt + place * features;
    open.copy(bytes, logsAt + 4 * size + index * features, from, from + features);
  }
  return bytes;
}

function findLabel(
  open: Buffer,
  count: number,
  itemId: string,
): { readonly label: number; readonly matrixAt: number } {
  const wanted = Buffer.from(itemId);
  let label = -1;
  let at = 5 + parts;
  for (let place = 0; place < count; place++) {
    const end = at + 1 + (open[at] as number);
    if (label < 0 && wanted.equals(open.subarray(at + 1, end))) label = place;
    at = end;
  }
  return { label, matrixAt: at };
}

/**
 * The best of the others, which teach most, and a sample of the rest; each of the sample stands for
 * as many as its share. The same seed chooses the same.
 */
const negatives = (
  count: number,
  label: number,
  seed: number,
): { readonly places: number[]; readonly logStandsFor: number } => {
  const others = Array.from({ length: count }, (_, place) => place).filter(
    (place) => place !== label,
  );
  const places = others.splice(0, hardest);
  const wanted = Math.min(sampled, others.length);
  const logStandsFor = wanted === 0 ? 0 : Math.log(others.length / wanted);
  let state = (Math.floor(seed) ^ 0x9e3779b9) | 0;
  for (let index = 0; index < wanted; index++) {
    state = next32(state);
    const pick = index + ((state >>> 0) % (others.length - index));
    places.push(others[pick] as number);
    others[pick] = others[index] as number;
  }
  return { places, logStandsFor };
};

/** The finaliser of MurmurHash3 over a counter: even enough for sampling. */
const next32 = (state: number): number => {
  let mixed = (state + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

export interface Example {
  readonly situation: readonly number[];
  readonly features: number;
  readonly count: number;
  /** Place of what the user did. */
  readonly label: number;
  logStandsFor(candidate: number): number;
  feature(candidate: number, feature: number): number;
}

/** Null for what is cut off or of another layout. */
export function readExample(bytes: Buffer): Example | null {
  if (bytes.length < 5 + parts || bytes[0] !== layoutVersion) return null;
  const features = bytes.readUInt16LE(1 + parts);
  const count = bytes[3 + parts] as number;
  const label = bytes[4 + parts] as number;
  const logsAt = 5 + parts;
  const matrixAt = logsAt + 4 * count;
  if (count === 0 || label >= count || bytes.length !== matrixAt + count * features) return null;
  const matrix = new Int8Array(bytes.buffer, bytes.byteOffset + matrixAt, count * features);
  return {
    situation: [...bytes.subarray(1, 1 + parts)],
    features,
    count,
    label,
    logStandsFor: (candidate) => bytes.readFloatLE(logsAt + 4 * candidate),
    feature: (candidate, feature) => unquantised(matrix[candidate * features + feature] as number),
  };
}
