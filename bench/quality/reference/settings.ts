import type { EventTable } from '../../../cli/evaluate/event-table.ts';
import type { ReferenceSettings } from './methods.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What a user id stands for: somebody who comes back, or one visit. */
export type KeysAre = 'users' | 'sessions';

/**
 * Told from the data: ids whose events lie within a day, nearly all of them, are sessions. Of ids
 * with one event nothing can be said.
 */
export const keysOf = (table: EventTable): KeysAre => {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (let at = 0; at < table.length; at++) {
    const user = table.user[at] as number;
    const atMs = table.atMs[at] as number;
    if (!first.has(user)) first.set(user, atMs);
    else last.set(user, atMs);
  }
  const short = [...last].filter(([user, atMs]) => atMs - (first.get(user) ?? 0) <= dayMs);
  return short.length >= 0.95 * last.size ? 'sessions' : 'users';
};

/** As the published figures were made: windows and half-lives by what the ids stand for. */
export const referenceSettings = (keys: KeysAre, excludesSeen: boolean): ReferenceSettings =>
  keys === 'users'
    ? {
        windowsMs: [dayMs, 7 * dayMs, 30 * dayMs, null],
        halfLifeMs: 30 * dayMs,
        sessionGapMs: hourMs,
        excludesSeen,
      }
    : {
        windowsMs: [2 * hourMs, 6 * hourMs, dayMs, null],
        halfLifeMs: dayMs,
        sessionGapMs: null,
        excludesSeen,
      };
