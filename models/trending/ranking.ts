import type { RowCodec } from '../model.ts';

/**
 * The top items of one partition, exactly: an item's weight never falls, so only the item that was
 * just touched can rise, and one insertion per signal keeps the order. The order is total (weight,
 * then item id), so that it does not depend on how the items came in.
 */
export interface Ranking {
  /** Best first. */
  readonly items: string[];
  readonly weights: number[];
  readonly weightOf: Map<string, number>;
  changed: boolean;
}

export const emptyRanking = (): Ranking => ({
  items: [],
  weights: [],
  weightOf: new Map(),
  changed: false,
});

/** Where (weight, item) stands, or would stand. */
const rankOf = (ranking: Ranking, item: string, weight: number): number => {
  const { items, weights } = ranking;
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = weights[middle] as number;
    if (other > weight || (other === weight && (items[middle] as string) < item)) low = middle + 1;
    else high = middle;
  }
  return low;
};

const removeAt = (ranking: Ranking, index: number): void => {
  ranking.weightOf.delete(ranking.items[index] as string);
  ranking.items.splice(index, 1);
  ranking.weights.splice(index, 1);
};

/** Puts `item` where its new weight belongs, or leaves it out. */
export const place = (
  ranking: Ranking,
  entry: { readonly item: string; readonly weight: number; readonly itemsMax: number },
): void => {
  const { item, weight, itemsMax } = entry;
  const before = ranking.weightOf.get(item);
  if (before === weight) return;
  if (before !== undefined) removeAt(ranking, rankOf(ranking, item, before));
  const rank = rankOf(ranking, item, weight);
  if (rank >= itemsMax) return;
  ranking.items.splice(rank, 0, item);
  ranking.weights.splice(rank, 0, weight);
  ranking.weightOf.set(item, weight);
  while (ranking.items.length > itemsMax) removeAt(ranking, itemsMax);
  ranking.changed = true;
};

const layout = 1;
const headBytes = 3;

/** [u8 layout][u16 items], then per item [f64 weight][u16 length][id], best first, little-endian. */
export const rankings: RowCodec<Ranking> = {
  decode(bytes) {
    if (bytes[0] !== layout) throw new Error('trending: a stored ranking has an unknown layout');
    const ranking = emptyRanking();
    const count = bytes.readUInt16LE(1);
    let at = headBytes;
    for (let index = 0; index < count; index++) {
      const weight = bytes.readDoubleLE(at);
      const end = at + 10 + bytes.readUInt16LE(at + 8);
      const item = bytes.toString('utf8', at + 10, end);
      ranking.items.push(item);
      ranking.weights.push(weight);
      ranking.weightOf.set(item, weight);
      at = end;
    }
    return ranking;
  },
  encode(ranking) {
    if (!ranking.changed) return { patches: [] };
    ranking.changed = false;
    const bytes = Buffer.allocUnsafe(sizeOf(ranking));
    bytes[0] = layout;
    bytes.writeUInt16LE(ranking.items.length, 1);
    let at = headBytes;
    for (const [index, item] of ranking.items.entries()) {
      const length = bytes.write(item, at + 10, 'utf8');
      bytes.writeDoubleLE(ranking.weights[index] as number, at);
      bytes.writeUInt16LE(length, at + 8);
      at += 10 + length;
    }
    return { whole: bytes };
  },
  bytes: (ranking) => sizeOf(ranking),
};

const sizeOf = ({ items }: Ranking): number =>
  items.reduce((sum, item) => sum + 10 + Buffer.byteLength(item), headBytes);
