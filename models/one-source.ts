import type { Candidate, PersonalRetrieval, Profile, Source } from './model.ts';

type Rows = ReadonlyMap<string, Buffer>;

/** Retrieval from rows that one fold learned, for one profile, in two reads. */
export interface OneSource {
  /** Keys whose learned rows are wanted. */
  wants(profile: Profile): readonly string[];
  /** Keys whose row heads are wanted next. */
  figures(profile: Profile, rows: Rows): readonly string[];
  /** Best first, at most the configured depth. */
  rank(profile: Profile, rows: Rows, heads: Rows): readonly Candidate[];
}

const none: Rows = new Map();

/** The simplest of personal retrievals. */
export const oneSource = (
  source: Omit<Source, 'rankings'>,
  from: OneSource,
): PersonalRetrieval => ({
  shared: false,
  sources: [{ ...source, rankings: false }],
  needsItems: false,
  trainer: null,
  wants: (profile) => [from.wants(profile)],
  figures: (profile, [learned]) => [from.figures(profile, learned?.rows ?? none)],
  rank: (profile, [learned]) => from.rank(profile, learned?.rows ?? none, learned?.heads ?? none),
  explain: null,
});
