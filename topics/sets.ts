import { installationOf } from '../lib/config/topic-set.ts';

/**
 * Services whose input is not of any set of internal topics: there is one of each in an
 * installation, whichever set is current, and one state of it.
 */
const ofAllSets: ReadonlySet<string> = new Set([
  'control',
  'serving',
  'metrics',
  'served',
  'external',
]);

export const isOfAllSets = (service: string): boolean => ofAllSets.has(service);

/** The prefix under which a service, or the pointer of its fold, is found. */
export const prefixFor = (prefix: string, service: string): string =>
  isOfAllSets(service) ? installationOf(prefix) : prefix;
