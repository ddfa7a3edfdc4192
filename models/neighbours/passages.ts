import type { Signal, UserSide } from '../model.ts';
import { ownOf, slotKey, slotOf } from './actors.ts';

/** Where a signal of an actor's row has the actor's own key; the user's is the last. */
export const actorAt = 1;

/**
 * A visit teaches three rows: the item who came, the session and the user what was visited. One
 * channel for kinds that need either, because most installations run none of them and all pay.
 */
export const passages: UserSide = {
  channel: 4,
  signals(itemId, _atMs, _recents, { user, session }): readonly Signal[] {
    return [
      { item: itemId, others: [session, user], notes: [0, 0] },
      {
        item: slotKey('s', slotOf(ownOf(session))),
        others: [itemId, session, user],
        notes: [0, 0, 0],
      },
      { item: slotKey('u', slotOf(ownOf(user))), others: [itemId, user], notes: [0, 0] },
    ];
  },
};
