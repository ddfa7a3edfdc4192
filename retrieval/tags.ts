/** Keys by their hash tag: one MGET each, whatever node of a cluster the tag lies on. */
export const byTag = (keys: Iterable<string>): string[][] => [
  ...Map.groupBy(keys, (key) => key.slice(0, key.indexOf('}') + 1)).values(),
];
