import { prefixOfSet, setOf } from '../../lib/config/topic-set.ts';
import { prefixFor } from '../../topics/sets.ts';

/** The set that is named and the one before it: while one takes over, or is gone back to. */
export function setsInUse(prefix: string): readonly string[] {
  const set = setOf(prefix);
  return set === 1 ? [prefix] : [prefix, prefixOfSet(prefix, set - 1)];
}

/** Under which prefixes a service, or the pointer of its fold, is found. */
export const prefixesFor = (prefix: string, service: string): readonly string[] => [
  ...new Set(setsInUse(prefix).map((own) => prefixFor(own, service))),
];
