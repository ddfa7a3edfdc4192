import { hash as hashOnce } from 'node:crypto';

import type { Json } from './topology.ts';

/** What a fold computes, as a hash and its two short forms. */
export interface Identity {
  /** SHA-256, hexadecimal. */
  readonly hash: string;
  /** Four characters for key names; the whole hash lies beside the state and is compared. */
  readonly id4: string;
  /** How positions and consumer groups name it. */
  readonly lineage: string;
}

/** What goes into an identity. Never a package version. */
export interface IdentityParts {
  readonly name: string;
  readonly revision: number;
  readonly layout: number;
  readonly partitions: number;
  readonly config: Json;
  /** After how long a row counts as absent; null: never. */
  readonly horizonMs: number | null;
  readonly inputs: readonly {
    readonly topic: string;
    readonly lineage: string | null;
    readonly beside?: string;
  }[];
}

export function identityOf(parts: IdentityParts): Identity {
  const digest = hashOnce('sha256', canonical(partsOnly(parts)), 'buffer');
  const text = digest.toString('base64url');
  return { hash: digest.toString('hex'), id4: text.slice(0, 4), lineage: text.slice(0, 12) };
}

/** What names of keys carry of an identity, or of one build under it. */
export const shortIdOf = (hash: string): string =>
  Buffer.from(hash, 'hex').toString('base64url').slice(0, 4);

/** The keys of a build begin with this; the first build's with the identity's own. */
export const buildIdOf = (hash: string, build: number): string =>
  build === 0 ? shortIdOf(hash) : hashOnce('sha256', `${hash} ${build}`, 'base64url').slice(0, 4);

/** Callers may hand over wider objects: only the named parts count. */
const partsOnly = ({
  name,
  revision,
  layout,
  partitions,
  config,
  horizonMs,
  inputs,
}: IdentityParts): Json => ({
  name,
  revision,
  layout,
  partitions,
  config,
  ...(horizonMs === null ? {} : { horizonMs }),
  inputs: inputs.map(({ topic, lineage, beside }) => ({
    topic,
    lineage,
    ...(beside === undefined ? {} : { beside }),
  })),
});

/** JSON with sorted keys: the same text for the same content. */
export function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((part: Json) => canonical(part)).join(',')}]`;
  const entries = Object.entries(value as { readonly [k: string]: Json })
    .filter(([, part]) => part !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, part]) => `${JSON.stringify(k)}:${canonical(part)}`).join(',')}}`;
}
