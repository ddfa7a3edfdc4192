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

interface Named {
  readonly itemId: string;
}

/** Characters of an id that make a number: seven times 7 bits are exact. */
const keyed = 7;

/**
 * Places of members in the order of their ids: by numbers made of the first characters that they do
 * not have in common, and only where these are equal by comparing strings, which takes twice as long.
 */
export const placesById = (members: readonly Named[]): Int32Array => {
  const count = members.length;
  if (values.length < count) values = new Float64Array(2 * count);
  const common = commonLength(members);
  const places = new Int32Array(count);
  for (let place = 0; place < count; place++) {
    places[place] = place;
    values[place] = -keyOf((members[place] as Named).itemId, common);
  }
  bestFirst(places, count, values);
  const itemId = (place: number): string => (members[place] as Named).itemId;
  const key = (index: number): number => values[places[index] as number] as number;
  for (let from = 0, end = 1; from < count; from = end++) {
    while (end < count && key(end) === key(from)) end++;
    if (end - from > 1) places.subarray(from, end).sort((a, b) => (itemId(a) < itemId(b) ? -1 : 1));
  }
  return places;
};

const commonLength = (members: readonly Named[]): number => {
  const first = members[0]?.itemId ?? '';
  let common = first.length;
  for (let place = 1; place < members.length && common > 0; place++) {
    const { itemId } = members[place] as Named;
    let same = 0;
    while (same < common && itemId.charCodeAt(same) === first.charCodeAt(same)) same++;
    common = same;
  }
  return common;
};

/** Never in another order than the ids, but equal for some: all past a high character is one. */
const keyOf = (id: string, from: number): number => {
  let key = 0;
  let isHigh = false;
  for (let at = from; at < from + keyed; at++) {
    const digit: number = isHigh || at >= id.length ? 0 : Math.min(127, id.charCodeAt(at) + 1);
    isHigh ||= digit === 127;
    key = key * 128 + digit;
  }
  return key;
};

/** What `ranked` gave last. */
let some = new Int32Array(1_024);

/**
 * Places of those with a score, best first; equals in the order of `places`. In memory that the next
 * call uses again.
 */
export const ranked = (scores: Float64Array, places: Int32Array): Int32Array => {
  if (some.length < places.length) some = new Int32Array(2 * places.length);
  let count = 0;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    if ((scores[place] as number) > 0) some[count++] = place;
  }
  bestFirst(some, count, scores);
  return some.subarray(0, count);
};
