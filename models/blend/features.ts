import type { OwnItem, Profile } from '../model.ts';
import { quantised } from './example.ts';
import type { MergedLadder } from './merged-ladder.ts';
import { at, hourOf, hoursOfDay, rungs } from './layout.ts';
import { isInSession, nearLog, pairSources, singles, type Sums } from './sources.ts';
import { type Head, rungOfHead } from './stored-row.ts';

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
    this.matrix[member * this.#features + column] = quantised(value);
  }
}

/** All features of every member: also of those that a source did not propose by itself. */
export function featuresOf(input: FeatureInput): Int8Array {
  const { members, sums, extras } = input;
  const count = featureNames(extras.map(String)).length;
  const columns = new Columns(members.length, count);
  for (const scores of sums.bySource) sourceColumns(columns, members, scores);
  const ownScores = ownSourceScores(input);
  for (const scores of ownScores) sourceColumns(columns, members, scores);
  rungColumns(columns, input);
  ownColumns(columns, input);
  itemColumns(columns, input);
  pairColumns(columns, input);
  for (const scores of extras) sourceColumns(columns, members, scores);
  return columns.matrix;
}

/** One over the position, and visits with the position to break ties. */
export const ownSourceScores = ({
  profile,
  members,
}: Pick<FeatureInput, 'profile' | 'members'>): readonly Float64Array[] => [
  Float64Array.from(members, ({ own }) => (own < 0 ? 0 : 1 / (own + 1))),
  Float64Array.from(members, ({ own }) =>
    own < 0 ? 0 : (profile.recents[own] as OwnItem).visits + 0.5 / (own + 1),
  ),
];

/** Places of those with a score, best first; equals by id. */
export const ranked = (scores: Float64Array, members: readonly Member[]): number[] => {
  const places: number[] = [];
  for (let place = 0; place < scores.length; place++)
    if ((scores[place] as number) > 0) places.push(place);
  return places.sort(
    (a, b) =>
      (scores[b] as number) - (scores[a] as number) ||
      ((members[a] as Member).itemId < (members[b] as Member).itemId ? -1 : 1),
  );
};

function sourceColumns(columns: Columns, members: readonly Member[], scores: Float64Array): void {
  const first = columns.take(ofSource.length);
  const places = ranked(scores, members);
  const best = scores[places[0] ?? 0] as number;
  for (const [index, place] of places.entries()) {
    const score = scores[place] as number;
    columns.set(place, first, Math.max(-1, 1 + Math.log(score / best) / 4));
    columns.set(place, first + 1, 1 / (index + 1));
    columns.set(place, first + 2, level(score));
  }
}

function rungColumns(columns: Columns, { members, ladder }: FeatureInput): void {
  for (const [rung, { best, rankOf }] of ladder.rungs.entries()) {
    const first = columns.take(2);
    for (const [place, { head, itemId }] of members.entries()) {
      const share = head === null ? -3 : (rungOfHead(head, rung) - best) / 5;
      columns.set(place, first, clipped(share, -3, 0));
      const rank = rankOf.get(itemId);
      if (rank !== undefined) columns.set(place, first + 1, 1 / rank);
    }
  }
}

function ownColumns(columns: Columns, { profile, members }: FeatureInput): void {
  const first = columns.take(ofOwn.length);
  for (const [place, { own }] of members.entries()) {
    const item = profile.recents[own];
    if (item === undefined) continue;
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

const aroundHour = (hour: number, visitsAt: (hour: number) => number): number =>
  0.5 * visitsAt((hour + hoursOfDay - 1) % hoursOfDay) +
  visitsAt(hour) +
  0.5 * visitsAt((hour + 1) % hoursOfDay);

function itemColumns(columns: Columns, { profile, members, ladder }: FeatureInput): void {
  const first = columns.take(ofItem.length);
  const { atMs } = profile;
  const hour = hourOf(Math.max(0, atMs));
  const visits = Math.max(1, ladder.visits);
  const usual = aroundHour(hour, (each) => (ladder.hours[each] as number) / visits);
  for (const [place, { head }] of members.entries()) {
    if (head === null) continue;
    const { bytes } = head;
    columns.set(place, first, seconds(atMs - 1_000 * bytes.readUInt32LE(at.firstSeconds)));
    columns.set(place, first + 1, seconds(atMs - 1_000 * bytes.readUInt32LE(at.lastSeconds)));
    const own = aroundHour(hour, (each) => bytes.readUInt16LE(at.hours + 2 * each));
    const expected = (head.visits + 10) * usual;
    columns.set(place, first + 2, Math.log2((own + 10 * usual + 1e-3) / (expected + 1e-3)));
    columns.set(place, first + 3, head.visits < 10 ? 1 : 0);
  }
}

function pairColumns(columns: Columns, { members, sums }: FeatureInput): void {
  const first = columns.take(singles + 1);
  for (const place of members.keys()) {
    for (let single = 0; single < singles; single++)
      columns.set(place, first + single, nearLog(sums.near[place * singles + single] as number));
    columns.set(place, first + singles, nearLog(sums.nearRest[place] as number));
  }
}
