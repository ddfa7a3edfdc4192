import { type Family, tagOf } from '../redis/tags.ts';
import { shortIdOf } from './identity.ts';

/** Names of a generation's keys. Short: memory is counted in bytes per user. */
export interface FoldKeys {
  /** Offset, hash of the last folded record, and marks: see header.ts. */
  header(partition: number): string;
  /** The whole identity, the cluster and the partition count, written once. */
  meta(partition: number): string;
  shared(partition: number): string;
  /**
   * Positions judged as failed for a reason that depends on time (a set). One for all builds of an
   * identity: what failed stays failed when the log is folded again.
   */
  decided(partition: number): string;
  row(partition: number, key: string): string;
}

export interface GenerationName {
  /** One lower-case letter. */
  readonly code: string;
  readonly family: Family;
  readonly id4: string;
  /** Of the identity; left out: `id4` is the identity's own. */
  readonly hash?: string;
}

/**
 * Rows start with the fold's letter in lower case, everything else with the same letter in upper
 * case, so that no user or item id can be mistaken for a header.
 */
export function foldKeys({ code, family, id4, hash }: GenerationName): FoldKeys {
  const upper = code.toUpperCase();
  const identityId4 = hash === undefined ? id4 : shortIdOf(hash);
  const own = (partition: number, what: string, id = id4): string =>
    `${tagOf(family, partition)}${upper}${id}${what}`;
  return {
    header: (partition) => own(partition, 'h'),
    meta: (partition) => own(partition, 'm'),
    shared: (partition) => own(partition, 's'),
    decided: (partition) => own(partition, 'd', identityId4),
    row: (partition, key) => `${tagOf(family, partition)}${code}${id4}${key}`,
  };
}
