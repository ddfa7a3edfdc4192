import type { Profile } from '../model.ts';
import type { Ladder } from './ladder.ts';
import { at } from './layout.ts';
import { sessionGoesOn } from './sources.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * The kind of situation that a list is made in: each part has weights of its own, added to the
 * common ones. Upper bounds of all classes but the last.
 */
const historyBounds = [1, 2, 4, 9, 19, 49];
const sessionBounds = [0, 1, 4];
const repeatBounds = [0.1, 0.3, 0.6];
const gapSecondsBounds = [1, 60, 3_600, 86_400];
const evidenceBounds = [0, 4, 19, 79, 319];

/** Classes per part. */
export const situationClasses = [
  historyBounds,
  sessionBounds,
  repeatBounds,
  gapSecondsBounds,
  evidenceBounds,
].map((bounds) => bounds.length + 1);

const classOf = (value: number, bounds: readonly number[]): number => {
  const found = bounds.findIndex((bound) => value <= bound);
  return found < 0 ? bounds.length : found;
};

/** Visits that stand for what is not known of the user yet. */
const repeatPrior = 2;

/** One class per part. */
export function situationOf(
  profile: Profile,
  last: StoredRow | null,
  ladder: Pick<Ladder, 'visits' | 'returns'>,
): readonly number[] {
  const { recents, atMs } = profile;
  const visits = recents.reduce((sum, own) => sum + own.visits, 0);
  const usual = ladder.returns / Math.max(1, ladder.visits);
  const repeats = (visits - recents.length + repeatPrior * usual) / (visits + repeatPrior);
  const inSession = sessionGoesOn(profile)
    ? recents.filter((own) => own.atMs >= profile.sessionStartMs).length
    : 0;
  const gapSeconds = Math.max(0, atMs - (recents[0]?.atMs ?? 0)) / 1_000;
  const transitions = last === null ? 0 : last.bytes.readFloatLE(at.next);
  return [
    classOf(visits, historyBounds),
    classOf(inSession, sessionBounds),
    classOf(repeats, repeatBounds),
    classOf(gapSeconds, gapSecondsBounds),
    classOf(transitions, evidenceBounds),
  ];
}
