import type { Profile } from '../model.ts';
import { sessionGapMs } from '../profile.ts';
import { at, column } from './layout.ts';
import type { Pairs } from './pairs.ts';
import type { StoredRow } from './stored-row.ts';

/** What proposes candidates from the rows of the user's recent items, in the order of features. */
export const pairSources = [
  'cosine',
  'fading',
  'near-cosine',
  'after',
  'session',
  'next',
  'next-fading',
] as const;
export const pairSourcesMax: readonly number[] = [100, 50, 100, 100, 80, 60, 40];

/** The user's last items that are looked at one by one. */
export const singles = 4;
const nearItems = 5;
const restFrom = 8;

/** What the rows say of each neighbour (or of each of those that are asked for). */
export interface Sums {
  /** By source, then neighbour. */
  readonly bySource: readonly Float64Array[];
  /** By neighbour: `singles` near-cosines, one per recent item. */
  readonly near: Float64Array;
  /** Sum of the near-cosines of the items after the first eight: what lies further back. */
  readonly nearRest: Float64Array;
}

/** The strength of a near-cosine, as features see it. */
export const nearLog = (cosine: number): number => Math.log(1 + 30 * cosine) / 2;

const powers = (base: number): Float64Array =>
  Float64Array.from({ length: 64 }, (_, n) => base ** n);
const decay6 = powers(0.6);
const decay8 = powers(0.8);
const decay9 = powers(0.9);

/**
 * `placeOf`: per neighbour its place in the sums, or -1. `visits`: of each place. Cosines are shrunk
 * by a constant, so that rare pairs do not win by luck.
 */
export function sumUp(
  pairs: Pairs,
  profile: Profile,
  given: {
    readonly placeOf: Int32Array;
    readonly count: number;
    readonly visits: Float64Array;
  },
): Sums {
  const { placeOf, count, visits } = given;
  const bySource = pairSources.map(() => new Float64Array(count));
  const near = new Float64Array(count * singles);
  const nearRest = new Float64Array(count);
  const [cos, fading, nearCos, after, session, next, nextFading] = bySource;
  const facts = pairs.rows.map((row, z) => factsOf(row, isInSession(profile, z)));
  for (let pair = 0; pair < pairs.count; pair++) {
    const place = placeOf[pairs.pairOf[pair] as number] as number;
    if (place < 0) continue;
    const z = pairs.pairRow[pair] as number;
    const { floats } = pairs.rows[z] as StoredRow;
    const fact = facts[z] as RowFacts;
    const from = pairs.pairAt[pair] as number;
    const product = Math.sqrt(fact.visits * (visits[place] as number));
    const fade8 = decay8[z] as number;
    const together = floats[from + column.near] as number;
    const nearness = together / (product + 3);
    add(cos, place, (fade8 * together) / (product + 10));
    add(fading, place, (fade8 * (floats[from + column.fading] as number)) / fact.fadingScale);
    add(after, place, (fade8 * (floats[from + column.after] as number)) / fact.after);
    if (z < nearItems) add(nearCos, place, (decay6[z] as number) * nearness);
    if (fact.inSession) {
      const inOne = floats[from + column.session] as number;
      add(session, place, ((decay9[z] as number) * inOne) / (product + 3));
    }
    if (z < singles) near[place * singles + z] = nearness;
    else if (z >= restFrom) add(nearRest, place, nearness);
    if (z > 0) continue;
    add(next, place, (floats[from + column.next] as number) / fact.next);
    add(nextFading, place, (floats[from + column.nextFading] as number) / fact.nextFading);
  }
  return { bySource, near, nearRest };
}

const add = (sums: Float64Array | undefined, place: number, value: number): void => {
  if (sums !== undefined) sums[place] = (sums[place] as number) + value;
};

interface RowFacts {
  readonly visits: number;
  readonly fadingScale: number;
  readonly after: number;
  readonly next: number;
  readonly nextFading: number;
  readonly inSession: boolean;
}

const factsOf = (row: StoredRow | null, inSession: boolean): RowFacts | null => {
  if (row === null) return null;
  const { bytes, head } = row;
  return {
    visits: head.visits,
    fadingScale: Math.max(1, bytes.readDoubleLE(at.fadingScale)),
    after: bytes.readFloatLE(at.after) + 2,
    next: bytes.readFloatLE(at.next) + 1,
    nextFading: bytes.readFloatLE(at.nextFading) + Math.max(1, bytes.readDoubleLE(at.nextScale)),
    inSession,
  };
};

/** Whether the session of the user's newest visit is still going on. */
export const sessionGoesOn = ({ recents, atMs }: Profile): boolean =>
  atMs - (recents[0]?.atMs ?? Number.NEGATIVE_INFINITY) <= sessionGapMs;

export const isInSession = (profile: Profile, index: number): boolean =>
  sessionGoesOn(profile) && (profile.recents[index]?.atMs ?? -1) >= profile.sessionStartMs;
