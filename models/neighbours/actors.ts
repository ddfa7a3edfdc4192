import { ownKeyMark } from '../model.ts';

/**
 * An actor is whoever visits items: a session, or a user. 64 bits name it: 32 of its user and 32 of
 * its own key, so that a session's user is known wherever the session is.
 */
export interface Actor {
  readonly user: number;
  readonly own: number;
}

/** What acts: the second character of an actor row's key. */
export type ActorSort = 's' | 'u';

const userSeed = 0x2f0b4a17;
const ownSeed = 0x61c88647;

/** All bits of the text in all bits of the hash: some of them alone choose a slot. */
const hashOf = (text: string, seed: number): number => {
  let mixed = seed;
  for (let index = 0; index < text.length; index++)
    mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** Of a user's visitor key. */
export const userOf = (key: string): number => hashOf(key, userSeed);
/** Of an actor's visitor key: a session's, or the user's again. */
export const ownOf = (key: string): number => hashOf(key, ownSeed);

/**
 * Actor rows lie in this many slots per sort, whatever the stream brings: a row is taken over by a
 * newer actor of the same slot. The number is part of row keys, so it is no configuration.
 */
export const slotsMax = 1_048_576;

export const slotOf = (own: number): number => own & (slotsMax - 1);

export const slotKey = (sort: ActorSort, slot: number): string =>
  `${ownKeyMark}${sort}${slot.toString(36)}`;

/** Seconds since 1970: enough to order actors by, in 4 bytes. */
export const secondsOf = (atMs: number): number =>
  Math.min(0xffffffff, Math.max(0, Math.floor(atMs / 1000)));
