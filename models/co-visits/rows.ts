import type { RowCodec } from '../model.ts';
import { writeOf } from '../patches.ts';
import { at, cellBytes, headBytes, layoutVersion } from './layout.ts';
import { Neighbourhood } from './neighbourhood.ts';

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
    const { changed: cells, headChanged } = row;
    row.changed = [];
    row.headChanged = false;
    row.writeHead();
    const sizes = { headBytes, cellBytes: cellBytes(row.words) };
    return writeOf(row.bytes, { ...sizes, headChanged, cells });
  },
  bytes: (row) => row.bytes.length,
};
