import type { RecentItem, Signal, UserSide } from './model.ts';
import { sessionGapMs } from './profile.ts';

/** In a note: the other item is the one that was visited, this one was among the recents. */
export const visitedOther = 0x80;
/** In a note: the two lie in one session, with no gap between that ends one. */
export const sameSession = 0x40;
/** In a note: how many steps lie between the two; 1: neighbours in time. */
export const distanceMask = 0x3f;

/** Steps between an item and the one at `index`, where `newer` of the recents came after it. */
const distance = (index: number, newer: number): number =>
  Math.min(distanceMask, index < newer ? newer - index : index - newer + 1);

/** Where the session around `atMs` begins and ends among the recents. */
const sessionAround = (
  recents: readonly RecentItem[],
  atMs: number,
  newer: number,
): { readonly from: number; readonly to: number } => {
  let from = newer;
  let edge = atMs;
  while (from > 0 && (recents[from - 1] as RecentItem).atMs - edge <= sessionGapMs)
    edge = (recents[--from] as RecentItem).atMs;
  let to = newer;
  edge = atMs;
  while (to < recents.length && edge - (recents[to] as RecentItem).atMs <= sessionGapMs)
    edge = (recents[to++] as RecentItem).atMs;
  return { from, to };
};

/**
 * A visit pairs the item with each of the user's recent items, both ways. The item itself may be
 * among the others of its own signal: the user came back to it. Shared by all kinds that learn from
 * what lies together.
 */
export const visits: UserSide = {
  channel: 3,
  signals(itemId, atMs, recents) {
    let newer = 0;
    while (newer < recents.length && (recents[newer] as RecentItem).atMs > atMs) newer++;
    const { from, to } = sessionAround(recents, atMs, newer);
    const others: string[] = [];
    const notes: number[] = [];
    const signals: Signal[] = [{ item: itemId, others, notes }];
    for (let index = 0; index < recents.length; index++) {
      const other = (recents[index] as RecentItem).itemId;
      const note = distance(index, newer) | (index >= from && index < to ? sameSession : 0);
      others.push(other);
      notes.push(note);
      if (other !== itemId)
        signals.push({ item: other, others: [itemId], notes: [note | visitedOther] });
    }
    return signals;
  },
};
