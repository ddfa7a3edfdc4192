import type { RecentItem, Signal, UserSide } from '../model.ts';

/** Set in a note: the other item is the one that was visited, this one was among the recents. */
export const visitedOther = 0x80;
const distanceMax = 0x7f;

/** Steps between an item and the one at `index`, where `newer` of the recents came after it. */
const distance = (index: number, newer: number): number =>
  Math.min(distanceMax, index < newer ? newer - index : index - newer + 1);

/**
 * A visit pairs the item with each of the user's recent items, both ways. A note is the distance
 * (1: neighbours in time), with the high bit where the row's item is not the visited one. The
 * item itself may be among the others of its own signal: the user came back to it.
 */
export const userSide: UserSide = {
  channel: 2,
  signals(itemId, atMs, recents) {
    let newer = 0;
    while (newer < recents.length && (recents[newer] as RecentItem).atMs > atMs) newer++;
    const others: string[] = [];
    const notes: number[] = [];
    const signals: Signal[] = [{ item: itemId, others, notes }];
    for (let index = 0; index < recents.length; index++) {
      const other = (recents[index] as RecentItem).itemId;
      const steps = distance(index, newer);
      others.push(other);
      notes.push(steps);
      if (other !== itemId)
        signals.push({ item: other, others: [itemId], notes: [steps | visitedOther] });
    }
    return signals;
  },
};
