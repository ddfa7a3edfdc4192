/** What is chosen from, in memory that is used again: as large as the largest choice so far. */
let some = new Float64Array(1_024);

/**
 * The value that `count` of the first `size` values are at or above, by quickselect: ordering
 * them all would cost more than scoring them.
 */
export const threshold = (values: Float64Array, size: number, count: number): number => {
  if (count >= size) return Number.NEGATIVE_INFINITY;
  if (some.length < size) some = new Float64Array(2 * size);
  for (let index = 0; index < size; index++) some[index] = values[index] as number;
  const wanted = size - count;
  let low = 0;
  let high = size - 1;
  while (low < high) {
    const pivot = some[(low + high) >>> 1] as number;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((some[left] as number) < pivot) left++;
      while ((some[right] as number) > pivot) right--;
      if (left > right) break;
      const value = some[left] as number;
      some[left++] = some[right] as number;
      some[right--] = value;
    }
    if (wanted <= right) high = right;
    else if (wanted >= left) low = left;
    else break;
  }
  return some[wanted] as number;
};
