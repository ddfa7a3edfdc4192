/**
 * Walks the bytes of a value along its writer's schema before the Avro library decodes them.
 *
 * The library trusts counts: five bytes that promise 2^50 map entries keep it busy for ever, a
 * negative block size sends it backwards, a read past the end gives zeros that are noticed only
 * afterwards, and a map key `__proto__` vanishes. What passes here cannot do any of that, and what
 * does not pass gets its exact reason without reading the text of somebody's error.
 */
import { isUtf8 } from 'node:buffer';
import type { Type } from 'avsc';

export type WalkFault = 'truncated' | 'number_out_of_range' | 'undecodable';

/** The position after the value, or one of the negative codes below. */
type Walk = (bytes: Buffer, at: number) => number;

const truncated = -1;
const outOfRange = -2;
const undecodable = -3;

const depthMax = 16;
const typesMax = 2_000;
/**
 * Zigzag-coded integers above this lose their last bit, which is the sign, in a double: the library
 * would give another number. So whole numbers are read from -2^52 up to 2^52 - 1.
 */
const zigzagMax = Number.MAX_SAFE_INTEGER;

/** A schema that is not admitted: reading with it could be made to take for ever. */
export class UnsafeSchemaError extends Error {
  override readonly name = 'UnsafeSchemaError';
}

/** What was found at the last `long`; one reader at a time, so one register is enough. */
let lastLong = 0;

function walkLong(bytes: Buffer, start: number): number {
  let at = start;
  let byte = bytes[at++];
  if (byte === undefined) return truncated;
  let zigzag = byte & 0x7f;
  let scale = 128;
  while (byte >= 0x80) {
    byte = bytes[at++];
    if (byte === undefined) return truncated;
    if (at - start > 10) return undecodable;
    zigzag += (byte & 0x7f) * scale;
    scale *= 128;
  }
  if (zigzag > zigzagMax) return outOfRange;
  lastLong = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  return at;
}

function walkInt(bytes: Buffer, start: number): number {
  const at = walkLong(bytes, start);
  if (at >= 0 && (lastLong > 0x7fffffff || lastLong < -0x80000000)) return outOfRange;
  return at;
}

function walkBytes(bytes: Buffer, start: number): number {
  const at = walkLong(bytes, start);
  if (at < 0) return at;
  if (lastLong < 0) return undecodable;
  return lastLong > bytes.length - at ? truncated : at + lastLong;
}

function walkString(bytes: Buffer, start: number): number {
  const end = walkBytes(bytes, start);
  if (end < 0) return end;
  for (let at = end - lastLong; at < end; at += 1) {
    if ((bytes[at] ?? 0) >= 0x80) return isUtf8(bytes.subarray(at, end)) ? end : undecodable;
  }
  return end;
}

function walkBoolean(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) return truncated;
  return byte > 1 ? undecodable : at + 1;
}

const walkFixed =
  (size: number): Walk =>
  (bytes, at) =>
    at + size > bytes.length ? truncated : at + size;

const protoKey = Buffer.from('__proto__');

const walkEntry =
  (value: Walk): Walk =>
  (bytes, start) => {
    const at = walkString(bytes, start);
    if (at < 0) return at;
    if (lastLong === protoKey.length && bytes.subarray(at - lastLong, at).equals(protoKey)) {
      return undecodable;
    }
    return value(bytes, at);
  };

/** Blocks of items, each with its count; a negative count is followed by the block's size. */
const walkBlocks =
  (item: Walk): Walk =>
  (bytes, start) => {
    let at = start;
    for (;;) {
      at = walkLong(bytes, at);
      if (at < 0 || lastLong === 0) return at;
      const count = Math.abs(lastLong);
      let end = -1;
      if (lastLong < 0) {
        at = walkLong(bytes, at);
        if (at < 0) return at;
        // A reader that skips the block goes by its size, one that reads it by its items.
        end = at + lastLong;
      }
      // An item takes at least a byte, so the bytes that are there bound the loop.
      for (let left = count; left > 0; left -= 1) {
        at = item(bytes, at);
        if (at < 0) return at;
      }
      if (end !== -1 && end !== at) return undecodable;
    }
  };

const walkSequence =
  (parts: readonly Walk[]): Walk =>
  (bytes, start) => {
    let at = start;
    for (const part of parts) {
      at = part(bytes, at);
      if (at < 0) return at;
    }
    return at;
  };

const walkUnion =
  (branches: readonly Walk[]): Walk =>
  (bytes, start) => {
    const at = walkLong(bytes, start);
    if (at < 0) return at;
    const branch = branches[lastLong];
    return branch === undefined ? undecodable : branch(bytes, at);
  };

const walkEnum =
  (count: number): Walk =>
  (bytes, start) => {
    const at = walkLong(bytes, start);
    return at >= 0 && (lastLong < 0 || lastLong >= count) ? undecodable : at;
  };

const primitives: Readonly<Record<string, readonly [walk: Walk, bytesMin: number]>> = {
  null: [(_, at) => at, 0],
  boolean: [walkBoolean, 1],
  int: [walkInt, 1],
  long: [walkLong, 1],
  float: [walkFixed(4), 4],
  double: [walkFixed(8), 8],
  string: [walkString, 1],
  bytes: [walkBytes, 1],
};

/** The library's types, as far as they are looked into here. */
interface TypeShape {
  readonly typeName: string;
  readonly size?: number;
  readonly symbols?: readonly string[];
  readonly itemsType?: Type;
  readonly valuesType?: Type;
  readonly types?: readonly Type[];
  readonly fields?: readonly { readonly type: Type }[];
}

function compile(
  type: Type,
  path: readonly Type[],
  budget: { types: number },
): readonly [walk: Walk, bytesMin: number] {
  const shape = type as unknown as TypeShape;
  // A schema that refers to itself has no end either.
  if (path.length > depthMax) throw new UnsafeSchemaError(`deeper than ${depthMax} levels`);
  budget.types -= 1;
  if (budget.types < 0) throw new UnsafeSchemaError(`more than ${typesMax} parts`);
  const primitive = primitives[shape.typeName];
  if (primitive !== undefined) return primitive;
  const inner = (part: Type): readonly [Walk, number] => compile(part, [...path, type], budget);
  const blocksOf = (part: Type): readonly [Walk, number] => {
    const [walk, bytesMin] = inner(part);
    if (bytesMin === 0) throw new UnsafeSchemaError('a list of things that take no bytes');
    return [walk, bytesMin];
  };
  if (shape.fields !== undefined) {
    const parts = shape.fields.map((field) => inner(field.type));
    const bytesMin = parts.reduce((sum, [, min]) => sum + min, 0);
    return [walkSequence(parts.map(([walk]) => walk)), bytesMin];
  }
  if (shape.types !== undefined) {
    return [walkUnion(shape.types.map((part) => inner(part)[0])), 1];
  }
  if (shape.itemsType !== undefined) return [walkBlocks(blocksOf(shape.itemsType)[0]), 1];
  if (shape.valuesType !== undefined) {
    return [walkBlocks(walkEntry(blocksOf(shape.valuesType)[0])), 1];
  }
  if (shape.symbols !== undefined) return [walkEnum(shape.symbols.length), 1];
  if (shape.size !== undefined) return [walkFixed(shape.size), shape.size];
  throw new UnsafeSchemaError(`a part of type ${shape.typeName}`);
}

/** Along one value from `at`: where it ends, or why it has no end. Throws UnsafeSchemaError. */
export function endOf(type: Type): (bytes: Buffer, at: number) => number | WalkFault {
  const [walk] = compile(type, [], { types: typesMax });
  return (bytes, at) => {
    const end = walk(bytes, at);
    if (end >= 0) return end;
    if (end === truncated) return 'truncated';
    return end === outOfRange ? 'number_out_of_range' : 'undecodable';
  };
}

/**
 * The walk along one schema, from `at`: null when the value ends where the bytes end. Throws
 * UnsafeSchemaError for a schema that must not be read with.
 */
export function walkOf(
  type: Type,
): (bytes: Buffer, at: number) => WalkFault | 'trailing_bytes' | null {
  const end = endOf(type);
  return (bytes, at) => {
    const found = end(bytes, at);
    if (typeof found === 'string') return found;
    return found === bytes.length ? null : 'trailing_bytes';
  };
}
