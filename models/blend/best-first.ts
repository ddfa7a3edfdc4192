import { threshold } from '../threshold.ts';

/** Longest run that is sorted by insertion. */
const runMax = 8;
/** What is used again from one call to the next; grown when needed, and bounded as lists are. */
let spare = new Int32Array(1_024);
let kept = new Int32Array(1_024);
let values = new Float64Array(1_024);

/**
 * Sorts the first `count` places by their scores, best first; equals stay as they were. A merge sort
 * over numbers, because a list sorts some 17 times and `sort` calls back for each comparison.
 */
export const bestFirst = (places: Int32Array, count: number, scores: Float64Array): void => {
  if (spare.length < count) spare = new Int32Array(2 * count);
  for (let from = 0; from < count; from += runMax)
    for (let next = from + 1; next < Math.min(from + runMax, count); next++) {
      const place = places[next] as number;
      const score = scores[place] as number;
      let at = next;
      for (; at > from && (scores[places[at - 1] as number] as number) < score; at--)
        places[at] = places[at - 1] as number;
      places[at] = place;
    }
  for (let width = runMax; width < count; width *= 2)
    for (let from = 0; from + width < count; from += 2 * width) {
      const end = Math.min(from + 2 * width, count);
      let right = from + width;
      for (let left = 0; left < width; left++) spare[left] = places[from + left] as number;
      for (let left = 0, at = from; left < width; at++) {
        const one = spare[left] as number;
        const other = places[right] as number;
        if (right < end && (scores[other] as number) > (scores[one] as number)) {
          places[at] = other;
          right++;
        } else {
          places[at] = one;
          left++;
        }
      }
    }
};

/** Places of the best `count` of the first `size` scores above 0, best first; equals by place. */
export const bestOf = (scores: Float64Array, size: number, count: number): number[] => {
  const room = 4 * count;
  if (kept.length < room) kept = new Int32Array(room);
  let found = 0;
  let edge = 0;
  for (let place = 0; place < size; place++) {
    // What only equals the edge comes after `count` others that are as good.
    if (!((scores[place] as number) > edge)) continue;
    kept[found++] = place;
    if (found < room) continue;
    edge = keepBest(found, scores, count);
    found = count;
  }
  if (found > count) keepBest(found, scores, count);
  found = Math.min(found, count);
  bestFirst(kept, found, scores);
  const best: number[] = [];
  for (let index = 0; index < found; index++) best.push(kept[index] as number);
  return best;
};

/** Keeps the best `count` of those found, in order of place; returns the lowest score of them. */
const keepBest = (found: number, scores: Float64Array, count: number): number => {
  if (values.length < found) values = new Float64Array(2 * found);
  for (let index = 0; index < found; index++)
    values[index] = scores[kept[index] as number] as number;
  const edge = threshold(values, found, count);
  let equals = count;
  for (let index = 0; index < found; index++) if ((values[index] as number) > edge) equals--;
  let next = 0;
  for (let index = 0; index < found; index++) {
    const value = values[index] as number;
    if (value > edge || (value === edge && equals-- > 0)) kept[next++] = kept[index] as number;
  }
  return edge;
};

/** Places of members in the order of their ids. */
export const placesById = (members: readonly { readonly itemId: string }[]): Int32Array => {
  const itemId = (place: number): string => (members[place] as { readonly itemId: string }).itemId;
  return Int32Array.from(
    Array.from(members.keys()).sort((a, b) => (itemId(a) < itemId(b) ? -1 : 1)),
  );
};

/** Places of those with a score, best first; equals in the order of `places`. */
export const ranked = (scores: Float64Array, places: Int32Array): Int32Array => {
  const some = new Int32Array(places.length);
  let count = 0;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    if ((scores[place] as number) > 0) some[count++] = place;
  }
  bestFirst(some, count, scores);
  return some.subarray(0, count);
};
