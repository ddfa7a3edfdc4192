import type { RowCodec } from '../model.ts';
import { copyOf, writeOf } from '../patches.ts';
import { cellBytes, headBytes, layoutVersion } from './layout.ts';
import { Ring, storedRing } from './ring.ts';
import { storedVisited, type Visited } from './visited.ts';

/** Of an item: who came. Of an actor: what was visited. */
export type Row = Ring | Visited;

export const rows: RowCodec<Row> = {
  decode(stored) {
    const row = stored[0] === layoutVersion ? (storedRing(stored) ?? storedVisited(stored)) : null;
    if (row === null)
      throw new Error(`neighbours: a stored row has an unknown layout (${stored.length} bytes)`);
    return row;
  },
  encode(row) {
    if (!(row instanceof Ring)) return { whole: copyOf(row.bytes.subarray(0, row.length)) };
    const { changed, bytes } = row;
    row.changed = [];
    row.writeHead();
    return writeOf(bytes, { headBytes, cellBytes, headChanged: true, cells: changed });
  },
  bytes: (row) => (row instanceof Ring ? row.bytes.length : row.length),
};
