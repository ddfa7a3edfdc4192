import type { Profile } from '../model.ts';
import { sessionGapMs } from '../profile.ts';
import { at, column } from './layout.ts';
import type { PairList } from './pairs.ts';

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

type BySource = readonly [
  cosine: Float64Array,
  fading: Float64Array,
  nearCosine: Float64Array,
  after: Float64Array,
  session: Float64Array,
  next: Float64Array,
  nextFading: Float64Array,
];

/** The user's last items that are looked at one by one. */
export const singles = 4;
const nearItems = 5;
const restFrom = 8;

/** What the rows say of each member of the union. */
export interface Sums {
  /** By source, then member. */
  readonly bySource: readonly Float64Array[];
  /** By member: `singles` near-cosines, one per recent item. */
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

/** Where sums go to, and what they are made of. */
export interface Summing {
  readonly profile: Profile;
  /** Of each place. */
  readonly visits: Float64Array;
  /** By source, then place: all 0. */
  readonly bySource: readonly Float64Array[];
}

/** Cosines are shrunk by a constant, so that rare pairs do not win by luck. */
export function sumUp(pairs: PairList, into: Summing): void {
  for (let z = 0; z < pairs.rows.length; z++) {
    sumRow(pairs, z, into);
    if (isInSession(into.profile, z)) sumSession(pairs, z, into);
  }
  sumNext(pairs, into);
}

/** The order of additions is part of the result: pair by pair, as the rows lie. */
function sumRow(pairs: PairList, z: number, { bySource, visits }: Summing): void {
  const row = pairs.rows[z] ?? null;
  if (row === null) return;
  const { floats, bytes } = row;
  const { pairOf, pairAt, ends } = pairs;
  const [cos, fading, nearCos, after] = bySource as BySource;
  const fadingScale = Math.max(1, bytes.readDoubleLE(at.fadingScale));
  const afterScale = bytes.readFloatLE(at.after) + 2;
  const fade8 = decay8[z] as number;
  const fade6 = decay6[z] as number;
  const isNear = z < nearItems;
  const end = ends[z] as number;
  for (let pair = ends[z - 1] ?? 0; pair < end; pair++) {
    const place = pairOf[pair] as number;
    const from = pairAt[pair] as number;
    const product = Math.sqrt(row.head.visits * (visits[place] as number));
    const together = floats[from + column.near] as number;
    const faded = fade8 * (floats[from + column.fading] as number);
    const later = fade8 * (floats[from + column.after] as number);
    cos[place] = (cos[place] as number) + (fade8 * together) / (product + 10);
    fading[place] = (fading[place] as number) + faded / fadingScale;
    after[place] = (after[place] as number) + later / afterScale;
    if (isNear) nearCos[place] = (nearCos[place] as number) + fade6 * (together / (product + 3));
  }
}

function sumSession(pairs: PairList, z: number, { bySource, visits }: Summing): void {
  const row = pairs.rows[z] ?? null;
  if (row === null) return;
  const session = (bySource as BySource)[4];
  const fade9 = decay9[z] as number;
  const end = pairs.ends[z] as number;
  for (let pair = pairs.ends[z - 1] ?? 0; pair < end; pair++) {
    const place = pairs.pairOf[pair] as number;
    const product = Math.sqrt(row.head.visits * (visits[place] as number));
    const inOne = row.floats[(pairs.pairAt[pair] as number) + column.session] as number;
    session[place] = (session[place] as number) + (fade9 * inOne) / (product + 3);
  }
}

/** What comes after the newest item: a row has a neighbour once, so there is nothing to add to. */
function sumNext(pairs: PairList, { bySource }: Summing): void {
  const row = pairs.rows[0] ?? null;
  if (row === null) return;
  const { bytes, floats } = row;
  const [, , , , , next, nextFading] = bySource as BySource;
  const nextScale = bytes.readFloatLE(at.next) + 1;
  const fadingScale =
    bytes.readFloatLE(at.nextFading) + Math.max(1, bytes.readDoubleLE(at.nextScale));
  for (let pair = 0; pair < (pairs.ends[0] as number); pair++) {
    const place = pairs.pairOf[pair] as number;
    const from = pairs.pairAt[pair] as number;
    next[place] = (floats[from + column.next] as number) / nextScale;
    nextFading[place] = (floats[from + column.nextFading] as number) / fadingScale;
  }
}

/** The near-cosines of single items, and what lies further back. */
export function nearOf(pairs: PairList, visits: Float64Array): Pick<Sums, 'near' | 'nearRest'> {
  const near = new Float64Array(visits.length * singles);
  const nearRest = new Float64Array(visits.length);
  for (const [z, row] of pairs.rows.entries()) {
    if (row === null || (z >= singles && z < restFrom)) continue;
    const end = pairs.ends[z] as number;
    for (let pair = pairs.ends[z - 1] ?? 0; pair < end; pair++) {
      const place = pairs.pairOf[pair] as number;
      const product = Math.sqrt(row.head.visits * (visits[place] as number));
      const together = row.floats[(pairs.pairAt[pair] as number) + column.near] as number;
      const nearness = together / (product + 3);
      if (z < singles) near[place * singles + z] = nearness;
      else nearRest[place] = (nearRest[place] as number) + nearness;
    }
  }
  return { near, nearRest };
}

/** Whether the session of the user's newest visit is still going on. */
export const sessionGoesOn = ({ recents, atMs }: Profile): boolean =>
  atMs - (recents[0]?.atMs ?? Number.NEGATIVE_INFINITY) <= sessionGapMs;

export const isInSession = (profile: Profile, index: number): boolean =>
  sessionGoesOn(profile) && (profile.recents[index]?.atMs ?? -1) >= profile.sessionStartMs;
