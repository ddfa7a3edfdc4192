import type { OwnItem, Profile, RecentItem } from './model.ts';

/** An item that is known by its newest visit alone. */
export const visitedOnce = (recent: RecentItem): OwnItem => ({
  ...recent,
  visits: 1,
  firstAtMs: recent.atMs,
});

/** A session is over when its user did nothing for so long: as `signals` cuts them. */
export const sessionGapMs = 3_600_000;

/** A profile for the moment of its newest visit, its items newest first. */
export const profileOf = (
  userId: string,
  recents: readonly OwnItem[],
  atMs = recents[0]?.atMs ?? 0,
): Profile => ({ userId, atMs, recents, sessionStartMs: sessionStart(recents), had: null });

/** As far as the newest visits of distinct items tell. */
const sessionStart = (recents: readonly OwnItem[]): number => {
  let startMs = recents[0]?.atMs ?? 0;
  for (const { atMs } of recents) {
    if (startMs - atMs > sessionGapMs) break;
    startMs = Math.min(startMs, atMs);
  }
  return startMs;
};
