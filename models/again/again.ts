import type { Candidate, ModelKind, OwnItem, PersonalRetrieval, Profile } from '../model.ts';
import { learnsNothing, noSource } from '../no-source.ts';
import { weightOf } from '../type-weights.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';

const kind = 'again';
const minuteMs = 60_000;
const dayMs = 86_400_000;

const spanMs = (own: OwnItem): number => Math.max(0, own.atMs - own.firstAtMs);

/**
 * The item's visits, each halved per half-life until now. When they were is known of the first and
 * the last alone; the others are taken to lie evenly between, which makes it a geometric series.
 */
const fadedVisits = (own: OwnItem, ageMs: number, halfLifeDays: number | null): number => {
  const visits = Math.max(1, own.visits);
  if (halfLifeDays === null) return visits;
  const halfLifeMs = halfLifeDays * dayMs;
  const newest = 2 ** (-ageMs / halfLifeMs);
  if (visits === 1) return newest;
  const ratio = 2 ** (-spanMs(own) / (visits - 1) / halfLifeMs);
  // Where all visits lie together the closed form is 0 / 0.
  const series = ratio > 1 - 1e-9 ? visits : (1 - ratio ** visits) / (1 - ratio);
  return newest * series;
};

/**
 * The mean of the item's own intervals, drawn towards a usual one: the mean time between events of
 * a Poisson process with a Gamma prior on its rate.
 */
const intervalMs = (own: OwnItem, config: Retrieval): number => {
  const usualMs = config.usualIntervalDays * dayMs;
  const intervals = Math.max(0, own.visits - 1);
  return (spanMs(own) + config.usualWeight * usualMs) / (intervals + config.usualWeight);
};

/** 1 when just as much time went by as usually does, less before and after. */
const due = (ageMs: number, ownIntervalMs: number, sharpness: number): number => {
  const ratio = ageMs / ownIntervalMs;
  return Math.min(ratio, 1 / ratio) ** sharpness;
};

/** A power of time and no half-life: it tells moments apart as well as months. */
const recent = (ageMs: number, power: number): number => (1 + ageMs / minuteMs) ** -power;

const scoreOf = (own: OwnItem, atMs: number, config: Retrieval): number => {
  // Where a clock jumped back the item was visited just now.
  const ageMs = Math.max(0, atMs - own.atMs);
  const share = config.dueShare;
  const now =
    (1 - share) * recent(ageMs, config.recentPower) +
    share * due(ageMs, intervalMs(own, config), config.dueSharpness);
  return fadedVisits(own, ageMs, config.halfLifeDays) * now;
};

const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.itemId < b.itemId ? -1 : 1);

/** Nothing is read: the profile holds all that is asked. */
const retrieval = (_: Learning, config: Retrieval): PersonalRetrieval => {
  const weights = new Map(Object.entries(config.typeWeights));
  const rank = ({ recents, atMs, sessionStartMs }: Profile): readonly Candidate[] => {
    const found: Candidate[] = [];
    for (const own of recents) {
      if (own.visits < config.visitsMin) continue;
      if (config.excludeCurrentSession && own.atMs >= sessionStartMs) continue;
      const weight = weightOf(weights, own.type);
      const score = weight * scoreOf(own, atMs, config);
      if (score > 0) found.push({ itemId: own.itemId, score });
    }
    return found.sort(better).slice(0, config.depth);
  };
  return noSource(kind, { needsItems: false, rank, because: () => (itemId) => itemId });
};

/** The user's own items that people come back to. */
export const again: ModelKind<Learning, Retrieval> = {
  kind,
  revision: 1,
  source:
    'Bhagat, Muralidharan, Lobzhanidze, Vishwanath: Buy It Again: Modeling Repeat Purchase Recommendations, KDD 2018',
  learningSchema,
  retrievalSchema,
  ...learnsNothing(kind),
  retrieval,
};
