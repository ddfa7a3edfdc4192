/** What is wrong with a stored value, in words; null: nothing. */
export function differenceOf(
  found: Buffer | null,
  expected: Buffer | null,
  describe: (bytes: Buffer) => string,
): string | null {
  if (found === null || expected === null) {
    if (found === expected) return null;
    return found === null ? 'is missing' : 'must not be';
  }
  if (found.equals(expected)) return null;
  let at = 0;
  while (found[at] === expected[at]) at += 1;
  return (
    `differs from byte ${at} (${found.length} bytes, expected ${expected.length}): stored ` +
    `${describe(found)}, expected ${describe(expected)}`
  );
}
