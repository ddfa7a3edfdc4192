import type { Signal, UserSide } from '../model.ts';
import { actorKey, ownOf, slotKey, slotOf, userActor, userOf } from './actors.ts';

/**
 * A visit teaches three rows: the item who came, the session and the user what was visited. One
 * channel for kinds that need either, because most installations run none of them and all pay: so
 * a signal names session and user by one short key.
 */
export const passages: UserSide = {
  channel: 4,
  signals(itemId, _atMs, _recents, visitor): readonly Signal[] {
    const user = userOf(visitor.user);
    const own = ownOf(visitor.session);
    const key = actorKey({ user, own });
    const others = [itemId, key];
    const notes = [0, 0];
    return [
      { item: itemId, others: [key], notes: [0] },
      { item: slotKey('s', slotOf(own)), others, notes },
      { item: slotKey('u', slotOf(userActor(user).own)), others, notes },
    ];
  },
  forget(visitor): readonly Signal[] {
    const user = userOf(visitor.user);
    const own = ownOf(visitor.session);
    const others = [actorKey({ user, own })];
    const notes = [forgetNote];
    return [
      { item: slotKey('s', slotOf(own)), others, notes },
      { item: slotKey('u', slotOf(userActor(user).own)), others, notes },
    ];
  },
};

/** In the note of a signal to an actor's row: the actor is to be forgotten. */
const forgetNote = 1;
export const isForgetting = ({ notes }: Signal): boolean => notes[0] === forgetNote;
