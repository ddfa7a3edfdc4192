/**
 * Internal topics exist in sets: one of another partition count is made beside the one in use
 * (docs/decisions/0013). The first set has the plain prefix, a later one says its number in
 * it: `freshet.s2`. So names of topics, groups and pointers of two sets never meet, and everything
 * that an installation has once only is named by the prefix without the set.
 */
const mark = '.s';

export const prefixOfSet = (prefix: string, set: number): string =>
  set === 1 ? installationOf(prefix) : `${installationOf(prefix)}${mark}${set}`;

/** The prefix that all sets share. */
export const installationOf = (prefix: string): string => prefix.split(mark, 1)[0] ?? prefix;

export function setOf(prefix: string): number {
  const at = prefix.indexOf(mark);
  return at < 0 ? 1 : Number(prefix.slice(at + mark.length));
}

/** As FRESHET_PARTITIONS has it: `6`, or `6/2` for the second set. */
export const partitionsText = ({
  partitions,
  set,
}: {
  readonly partitions: number;
  readonly set: number;
}): string => (set === 1 ? String(partitions) : `${partitions}/${set}`);
