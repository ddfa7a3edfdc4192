import { cellAt, kindAt, readBig, writeBig } from '../../schemas/packed/experiment-partials.ts';
import type { OutcomeSums } from './user-row.ts';

/** All sums are of whole numbers: what is taken off again leaves what was there before. */
export const addNumber = (bytes: Buffer, at: number, delta: number): void =>
  void bytes.writeDoubleLE(bytes.readDoubleLE(at) + delta, at);

const addProduct = (bytes: Buffer, at: number, product: readonly [number, number]): void =>
  writeBig(bytes, at, readBig(bytes, at) + BigInt(product[0]) * BigInt(product[1]));

/** Adds a user's sums to a cell, or takes them off. */
export function addSums(
  bytes: Buffer,
  cell: number,
  { sums, sign }: { readonly sums: OutcomeSums; readonly sign: 1 | -1 },
): void {
  const { x, counts, values } = sums;
  let count = 0;
  let value = 0;
  for (const [kind, own] of counts.entries()) {
    const sum = values[kind] ?? 0;
    count += own;
    value += sum;
    if (own === 0) continue;
    const at = cell + cellAt.perKind + kind * kindAt.bytes;
    addNumber(bytes, at + kindAt.users, sign);
    addNumber(bytes, at + kindAt.count, sign * own);
    addNumber(bytes, at + kindAt.countSquares, sign * own * own);
    addNumber(bytes, at + kindAt.value, sign * sum);
    if (sum !== 0) addProduct(bytes, at + kindAt.valueSquares, [sign * sum, sum]);
  }
  addNumber(bytes, cell + cellAt.x, sign * x);
  addNumber(bytes, cell + cellAt.xx, sign * x * x);
  if (count === 0) return;
  addNumber(bytes, cell + cellAt.any, sign);
  addNumber(bytes, cell + cellAt.xAny, sign * x);
  addNumber(bytes, cell + cellAt.count, sign * count);
  addNumber(bytes, cell + cellAt.countSquares, sign * count * count);
  addNumber(bytes, cell + cellAt.xCount, sign * x * count);
  addNumber(bytes, cell + cellAt.value, sign * value);
  if (value === 0) return;
  addProduct(bytes, cell + cellAt.valueSquares, [sign * value, value]);
  addProduct(bytes, cell + cellAt.xValue, [sign * x, value]);
}

/** Adds a whole cell to another one of the same experiment. */
export function addCell(to: Buffer, cell: Buffer): void {
  const add = (at: number): void => addNumber(to, at, cell.readDoubleLE(at));
  const addBig = (at: number): void => writeBig(to, at, readBig(to, at) + readBig(cell, at));
  for (let at: number = cellAt.users; at < cellAt.valueSquares; at += 8) add(at);
  addBig(cellAt.valueSquares);
  addBig(cellAt.xValue);
  const kinds = cell[cellAt.kinds] ?? 0;
  for (let kind = 0; kind < kinds; kind += 1) {
    const from = cellAt.perKind + kind * kindAt.bytes;
    for (let at = from; at < from + kindAt.valueSquares; at += 8) add(at);
    addBig(from + kindAt.valueSquares);
  }
}
