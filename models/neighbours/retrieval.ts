import { threshold } from '../threshold.ts';
import type { Candidate, Learned, PersonalRetrieval, Profile, Source } from '../model.ts';
import { sessionGapMs } from '../profile.ts';
import { visitorKey } from '../visitor-key.ts';
import { type ActorSort, secondsOf, slotKey, userOf } from './actors.ts';
import { rarity } from './counts.ts';
import { headBytes, itemHeadBytes, layoutVersion, rowSort, weights } from './layout.ts';
import { type Neighbour, similar } from './similar.ts';
import { Tally } from './tally.ts';

export interface NeighbourOptions {
  readonly source: Omit<Source, 'rankings'>;
  readonly sort: ActorSort;
  readonly recentItemsMax: number;
  /** Whether items of earlier sessions count; they do where the present session has none. */
  readonly history: boolean;
  readonly comparedMax: number;
  readonly neighboursMax: number;
  /** How much less a neighbour counts per position of the newest item in common. */
  readonly positionDecay: number;
  readonly idf: boolean;
  readonly depth: number;
}

type Rows = ReadonlyMap<string, Buffer>;
const none: Rows = new Map();

const goesOn = ({ recents, atMs }: Profile): boolean =>
  recents[0] !== undefined && atMs - recents[0].atMs <= sessionGapMs;

/** Newest first: of the present session, or of all that is known. */
const asked = (profile: Profile, options: NeighbourOptions): string[] => {
  const { recents, sessionStartMs } = profile;
  const session =
    options.history || !goesOn(profile)
      ? recents
      : recents.filter(({ atMs }) => atMs >= sessionStartMs);
  return session.slice(0, options.recentItemsMax).map(({ itemId }) => itemId);
};

/**
 * From when on passages are the profile's own. A user is no neighbour at all; a session only while
 * it goes on, and what its user did within a gap before it belongs to it: a request brings a
 * session whose items are all stamped with its own time.
 */
const ownFrom = (profile: Profile, sort: ActorSort): number => {
  if (sort === 'u') return 0;
  return goesOn(profile) ? secondsOf(profile.sessionStartMs - sessionGapMs) : Infinity;
};

const find = (profile: Profile, rows: Rows, options: NeighbourOptions): readonly Neighbour[] =>
  similar(
    asked(profile, options).map((itemId) => rows.get(itemId)),
    {
      self: {
        user: userOf(visitorKey(profile.userId)),
        fromSeconds: ownFrom(profile, options.sort),
      },
      comparedMax: options.comparedMax,
      neighboursMax: options.neighboursMax,
    },
  );

/** Whether the slot's row is still, or already, the neighbour's. */
const isOf = (row: Buffer | undefined, { user, own }: Neighbour): row is Buffer =>
  row !== undefined &&
  row.length >= headBytes &&
  row[0] === layoutVersion &&
  row[1] === rowSort.actor &&
  row.readUInt32LE(4) === user &&
  row.readUInt32LE(8) === own;

const tallyOf = (
  neighbours: readonly Neighbour[],
  heads: Rows,
  options: NeighbourOptions,
): Tally => {
  const rows = neighbours.map((one) => heads.get(slotKey(options.sort, one.slot)));
  let items = 0;
  for (const [index, one] of neighbours.entries()) {
    const row = rows[index];
    if (isOf(row, one)) items += row.readUInt16LE(2);
  }
  const tally = new Tally(items);
  for (const [index, one] of neighbours.entries()) {
    const row = rows[index];
    if (!isOf(row, one)) continue;
    const value = one.similarity * Math.max(0, 1 - options.positionDecay * one.first);
    for (let at = headBytes; at + itemHeadBytes <= row.length; ) {
      const length = row[at + 1] as number;
      const start = at + itemHeadBytes;
      if (start + length > row.length) break;
      tally.add(row, { start, length }, value * (weights[row[at] as number] as number));
      at = start + length;
    }
  }
  return tally;
};

const best = (tally: Tally, options: NeighbourOptions, rankings: readonly Buffer[]) => {
  const sums = tally.sums;
  if (options.idf) {
    const rare = rarity(rankings);
    for (let number = 0; number < tally.size; number++)
      sums[number] = (sums[number] as number) * rare(tally.mark(number));
  }
  const edge = threshold(sums, tally.size, options.depth);
  const candidates: Candidate[] = [];
  for (let number = 0; number < tally.size; number++) {
    const score = sums[number] as number;
    if (score > 0 && score >= edge) candidates.push({ itemId: tally.id(number), score });
  }
  return candidates
    .sort((a, b) => b.score - a.score || (a.itemId < b.itemId ? -1 : 1))
    .slice(0, options.depth);
};

/**
 * What actors did who visited the same items. First the rings of the profile's items, which name
 * the most similar actors; then these actors' own rows, read as figures.
 */
export const neighbourRetrieval = (options: NeighbourOptions): PersonalRetrieval => {
  // What `figures` found, for `rank` of the same rows: a memo, gone with the rows.
  const memo = new WeakMap<
    Rows,
    { readonly profile: Profile; readonly found: readonly Neighbour[] }
  >();
  const foundIn = (profile: Profile, rows: Rows): readonly Neighbour[] => {
    const known = memo.get(rows);
    if (known?.profile === profile) return known.found;
    const found = find(profile, rows, options);
    memo.set(rows, { profile, found });
    return found;
  };
  const rowsOf = (learned: readonly Learned[]): Rows => learned[0]?.rows ?? none;
  return {
    shared: false,
    sources: [{ ...options.source, rankings: options.idf }],
    needsItems: false,
    trainer: null,
    wants: (profile) => [asked(profile, options)],
    figures: (profile, learned) => [
      [
        ...new Set(
          foundIn(profile, rowsOf(learned)).map(({ slot }) => slotKey(options.sort, slot)),
        ),
      ],
    ],
    rank: (profile, learned) => {
      const neighbours = foundIn(profile, rowsOf(learned));
      const tally = tallyOf(neighbours, learned[0]?.heads ?? none, options);
      return best(tally, options, learned[0]?.rankings ?? []);
    },
    explain: null,
  };
};
