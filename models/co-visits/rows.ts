import type { RowCodec } from '../model.ts';
import { at, cellBytes, headBytes, layoutVersion } from './layout.ts';
import { Neighbourhood } from './neighbourhood.ts';

/** A patch costs a command in the store: about as much as this many bytes of a whole write. */
const patchCostBytes = 192;

type Patches = { readonly at: number; readonly bytes: Buffer }[];

export const neighbourhoods: RowCodec<Neighbourhood> = {
  decode(stored) {
    const words = stored[at.words] ?? 0;
    const size = headBytes + stored.readUInt16LE(at.capacity) * cellBytes(words);
    if (stored[at.layout] !== layoutVersion || stored.length !== size)
      throw new Error(`co-visits: a stored row has an unknown layout (${stored.length} bytes)`);
    const bytes = Buffer.from(new ArrayBuffer(size));
    stored.copy(bytes);
    return new Neighbourhood(bytes, true);
  },
  encode(row) {
    const { changed, headChanged } = row;
    row.changed = [];
    row.headChanged = false;
    row.writeHead();
    const patches = changed === null ? null : patchesOf(row, changed, headChanged);
    return patches === null ? { whole: copyOf(row.bytes, 0, row.bytes.length) } : { patches };
  },
  bytes: (row) => row.bytes.length,
};

/** Changed cells, with near ones joined; null when writing the row whole is cheaper. */
const patchesOf = (row: Neighbourhood, changed: number[], head: boolean): Patches | null => {
  const ranges = rangesOf(changed, cellBytes(row.words), head);
  let cost = 0;
  for (let index = 0; index < ranges.length; index += 2)
    cost += patchCostBytes + (ranges[index + 1] as number) - (ranges[index] as number);
  if (cost > patchCostBytes + row.bytes.length) return null;
  const patches: Patches = [];
  for (let index = 0; index < ranges.length; index += 2) {
    const from = ranges[index] as number;
    patches.push({ at: from, bytes: copyOf(row.bytes, from, ranges[index + 1] as number) });
  }
  return patches;
};

/** Ascending [from, to, from, to, ...]. */
const rangesOf = (changed: number[], stride: number, head: boolean): number[] => {
  if (changed.length > 1) changed.sort((a, b) => a - b);
  const ranges = head ? [0, headBytes] : [];
  for (const cell of changed) {
    const start = headBytes + cell * stride;
    const last = ranges.length - 1;
    if (last > 0 && start - (ranges[last] as number) <= patchCostBytes)
      ranges[last] = start + stride;
    else ranges.push(start, start + stride);
  }
  return ranges;
};

/** A copy, because the row goes on changing while the write may still be on its way. */
const copyOf = (bytes: Buffer, from: number, to: number): Buffer => {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
};
