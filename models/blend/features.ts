import type { OwnItem, Profile } from '../model.ts';
import { quantised } from './example.ts';
import { ranked } from './best-first.ts';
import type { MergedLadder, MergedRung } from './merged-ladder.ts';
import { at, hourOf, hoursOfDay, rungs } from './layout.ts';
import { isInSession, nearLog, pairSources, singles, type Sums } from './sources.ts';
import { type Head, visitsOf } from './stored-row.ts';
import { rungOf } from './visit.ts';

/** Sources from the user's own items, after those from pairs. */
export const ownSources = ['own-recent', 'own-often'] as const;

const ofSource = ['strength', 'first', 'level'] as const;
const ofOwn = [
  'visits',
  'since',
  'position',
  'in-session',
  'last',
  'second-last',
  'interval',
  'once',
] as const;
const ofItem = ['age', 'idle', 'hour', 'few'] as const;

/** Names of the features in their order; `extras`: names of further sources. */
export const featureNames = (extras: readonly string[]): readonly string[] => [
  ...[...pairSources, ...ownSources].flatMap((source) => ofSource.map((f) => `${source}.${f}`)),
  ...Array.from({ length: rungs }, (_, rung) => [
    `rung-${rung}.share`,
    `rung-${rung}.first`,
  ]).flat(),
  ...ofOwn.map((f) => `own.${f}`),
  ...ofItem.map((f) => `item.${f}`),
  ...Array.from({ length: singles }, (_, single) => `near-${single}`),
  'near-rest',
  ...extras.flatMap((source) => ofSource.map((f) => `${source}.${f}`)),
];

const ownNames = featureNames([]).length;

/** How many features there are with so many further sources. */
export const featureCount = (extras: number): number => ownNames + extras * ofSource.length;

/** A candidate of the union, with what is known of it. */
export interface Member {
  readonly itemId: string;
  readonly head: Head | null;
  /** Place among the user's items; -1: not one of them. */
  readonly own: number;
}

export interface FeatureInput {
  readonly profile: Profile;
  readonly members: readonly Member[];
  /** Places of members in the order of their ids. */
  readonly byId: Int32Array;
  readonly sums: Sums;
  readonly ladder: MergedLadder;
  /** Scores by further source, then member; 0: not proposed. */
  readonly extras: readonly Float64Array[];
}

const clipped = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, value));
const level = (score: number): number => clipped((Math.log(score) + 5) / 3, -1, 3);
const seconds = (ms: number): number => Math.log2(1 + Math.max(0, ms) / 1_000) / 10;

/** Fills a matrix of one byte per feature, member by member, column after column. */
class Columns {
  readonly matrix: Int8Array;
  readonly #features: number;
  #next = 0;

  constructor(members: number, features: number) {
    this.matrix = new Int8Array(members * features);
    this.#features = features;
  }

  /** Takes the next `count` columns; returns the first. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  set(member: number, column: number, value: number): void {
    this.put(member, column, quantised(value));
  }

  put(member: number, column: number, quantum: number): void {
    this.matrix[member * this.#features + column] = quantum;
  }
}

/** All features of every member: also of those that a source did not propose by itself. */
export function featuresOf(input: FeatureInput): Int8Array {
  const { members, sums, extras, byId } = input;
  const columns = new Columns(members.length, featureCount(extras.length));
  for (const scores of sums.bySource) sourceColumns(columns, byId, scores);
  for (const scores of ownSourceScores(input)) sourceColumns(columns, byId, scores);
  rungColumns(columns, input);
  ownColumns(columns, input);
  itemColumns(columns, input);
  pairColumns(columns, input);
  for (const scores of extras) sourceColumns(columns, byId, scores);
  return columns.matrix;
}

/** One over the position, and visits with the position to break ties. */
export const ownSourceScores = ({
  profile,
  members,
}: Pick<FeatureInput, 'profile' | 'members'>): readonly Float64Array[] => {
  const recent = new Float64Array(members.length);
  const often = new Float64Array(members.length);
  for (let place = 0; place < members.length; place++) {
    const { own } = members[place] as Member;
    if (own < 0) continue;
    recent[place] = 1 / (own + 1);
    often[place] = (profile.recents[own] as OwnItem).visits + 0.5 / (own + 1);
  }
  return [recent, often];
};

/** Equals share their logarithms, which cost more than all else here. */
function sourceColumns(columns: Columns, byId: Int32Array, scores: Float64Array): void {
  const first = columns.take(ofSource.length);
  const places = ranked(scores, byId);
  const best = scores[places[0] ?? 0] as number;
  let before = 0;
  let strength = 0;
  let high = 0;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    const score = scores[place] as number;
    if (score !== before) {
      before = score;
      strength = quantised(Math.max(-1, 1 + Math.log(score / best) / 4));
      high = quantised(level(score));
    }
    columns.put(place, first, strength);
    columns.set(place, first + 1, 1 / (index + 1));
    columns.put(place, first + 2, high);
  }
}

function rungColumns(columns: Columns, { members, ladder }: FeatureInput): void {
  const first = columns.take(2 * rungs);
  for (let place = 0; place < members.length; place++) {
    const { head, itemId } = members[place] as Member;
    const ranks = ladder.ranksOf.get(itemId);
    for (let rung = 0; rung < rungs; rung++) {
      const { best } = ladder.rungs[rung] as MergedRung;
      const share = head === null ? -3 : (rungOf(head, rung) - best) / 5;
      columns.set(place, first + 2 * rung, clipped(share, -3, 0));
      const rank = ranks?.[rung] ?? 0;
      if (rank > 0) columns.set(place, first + 2 * rung + 1, 1 / rank);
    }
  }
}

function ownColumns(columns: Columns, { profile, members }: FeatureInput): void {
  const first = columns.take(ofOwn.length);
  for (let place = 0; place < members.length; place++) {
    const { own } = members[place] as Member;
    if (own < 0) continue;
    const item = profile.recents[own] as OwnItem;
    const sinceMs = Math.max(0, profile.atMs - item.atMs);
    const values = [
      Math.log2(1 + item.visits) / 4,
      seconds(sinceMs),
      Math.log2(own + 1) / 5,
      isInSession(profile, own) ? 1 : 0,
      own === 0 ? 1 : 0,
      own === 1 ? 1 : 0,
      intervalOf(item, sinceMs),
      item.visits === 1 ? 1 : 0,
    ];
    for (const [feature, value] of values.entries()) columns.set(place, first + feature, value);
  }
}

/** Near 1 where the time since the last visit is the usual time between visits. */
const intervalOf = ({ visits, firstAtMs, atMs }: OwnItem, sinceMs: number): number => {
  if (visits < 2 || atMs <= firstAtMs || sinceMs <= 0) return 0;
  const usualMs = (atMs - firstAtMs) / (visits - 1);
  return Math.exp(-Math.abs(Math.log(sinceMs / usualMs)));
};

/** The hour with half of the one before and the one after. */
const aroundHour = (before: number, within: number, after: number): number =>
  0.5 * before + within + 0.5 * after;

function itemColumns(columns: Columns, { profile, members, ladder }: FeatureInput): void {
  const first = columns.take(ofItem.length);
  const { atMs } = profile;
  const hour = hourOf(Math.max(0, atMs));
  const before = (hour + hoursOfDay - 1) % hoursOfDay;
  const after = (hour + 1) % hoursOfDay;
  const visits = Math.max(1, ladder.visits);
  const usualIn = (each: number): number => (ladder.hours[each] as number) / visits;
  const usual = aroundHour(usualIn(before), usualIn(hour), usualIn(after));
  for (let place = 0; place < members.length; place++) {
    const { head } = members[place] as Member;
    if (head === null) continue;
    columns.set(place, first, seconds(atMs - 1_000 * head.readUInt32LE(at.firstSeconds)));
    columns.set(place, first + 1, seconds(atMs - 1_000 * head.readUInt32LE(at.lastSeconds)));
    const own = aroundHour(
      head.readUInt16LE(at.hours + 2 * before),
      head.readUInt16LE(at.hours + 2 * hour),
      head.readUInt16LE(at.hours + 2 * after),
    );
    const visitsOfItem = visitsOf(head);
    const expected = (visitsOfItem + 10) * usual;
    columns.set(place, first + 2, Math.log2((own + 10 * usual + 1e-3) / (expected + 1e-3)));
    columns.set(place, first + 3, visitsOfItem < 10 ? 1 : 0);
  }
}

/** Most members are no neighbours of most items: 0, which is there already. */
function pairColumns(columns: Columns, { members, sums }: FeatureInput): void {
  const first = columns.take(singles + 1);
  for (let place = 0; place < members.length; place++) {
    for (let single = 0; single < singles; single++) {
      const near = sums.near[place * singles + single] as number;
      if (near !== 0) columns.set(place, first + single, nearLog(near));
    }
    const rest = sums.nearRest[place] as number;
    if (rest !== 0) columns.set(place, first + singles, nearLog(rest));
  }
}
