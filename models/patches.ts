type Write =
  | { readonly whole: Buffer }
  | { readonly patches: readonly { readonly at: number; readonly bytes: Buffer }[] };

/** A patch costs a command in the store: about as much as this many bytes of a whole write. */
export const patchCostBytes = 192;

/** More changed cells than this are not worth listing. */
const changesMax = 64;

/** The list, with one more cell; null: the row is written whole. */
export const noted = (cells: number[] | null, cell: number): number[] | null => {
  if (cells === null || cells.length === changesMax) return null;
  cells.push(cell);
  return cells;
};

export interface Changes {
  readonly headBytes: number;
  readonly cellBytes: number;
  readonly headChanged: boolean;
  /** Changed cells, in any order, some perhaps twice; null: write the row whole. */
  readonly cells: number[] | null;
}

/**
 * What brings a stored row of a head and cells of one width to its present bytes: near changes
 * joined, or the row whole where that is cheaper.
 */
export const writeOf = (bytes: Buffer, changes: Changes): Write => {
  const ranges = changes.cells === null ? null : rangesOf(changes, changes.cells);
  let cost = 0;
  for (let index = 0; ranges !== null && index < ranges.length; index += 2)
    cost += patchCostBytes + (ranges[index + 1] as number) - (ranges[index] as number);
  if (ranges === null || cost > patchCostBytes + bytes.length) return { whole: copyOf(bytes) };
  const patches: { readonly at: number; readonly bytes: Buffer }[] = [];
  for (let index = 0; index < ranges.length; index += 2) {
    const from = ranges[index] as number;
    patches.push({ at: from, bytes: copyOf(bytes.subarray(from, ranges[index + 1])) });
  }
  return { patches };
};

/** Ascending [from, to, from, to, ...]. */
const rangesOf = ({ headBytes, cellBytes, headChanged }: Changes, cells: number[]): number[] => {
  if (cells.length > 1) cells.sort((a, b) => a - b);
  const ranges = headChanged ? [0, headBytes] : [];
  for (const cell of cells) {
    const start = headBytes + cell * cellBytes;
    const last = ranges.length - 1;
    if (last > 0 && start - (ranges[last] as number) <= patchCostBytes)
      ranges[last] = start + cellBytes;
    else ranges.push(start, start + cellBytes);
  }
  return ranges;
};

/** A row goes on changing while the write may still be on its way. */
export const copyOf = (bytes: Buffer): Buffer => {
  const copy = Buffer.allocUnsafe(bytes.length);
  bytes.copy(copy);
  return copy;
};
