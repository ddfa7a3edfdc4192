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
/** Of a session's visitor key. */
export const ownOf = (key: string): number => hashOf(key, ownSeed);

/**
 * A user as an actor: known by 32 bits alone, because a signal carries no more. Of a million users
 * about a hundred pairs are taken for one.
 */
export const userActor = (user: number): Actor => ({
  user,
  own: Math.imul(user ^ (user >>> 15), 0x2c1b3c6d) >>> 0,
});

const digits = 11;
const firstDigit = 48;
export const actorKeyLength = ownKeyMark.length + digits;

/** A session and its user in signals: as short as 64 bits can be in letters of one byte. */
export const actorKey = ({ user, own }: Actor): string => {
  let key = ownKeyMark;
  for (let shift = 0; shift < 30; shift += 6)
    key += String.fromCharCode(firstDigit + ((user >>> shift) & 63));
  key += String.fromCharCode(firstDigit + ((user >>> 30) | ((own >>> 30) << 2)));
  for (let shift = 0; shift < 30; shift += 6)
    key += String.fromCharCode(firstDigit + ((own >>> shift) & 63));
  return key;
};

/** Of what `actorKey` made. */
export const actorOf = (key: string): Actor => {
  const digit = (at: number): number => key.charCodeAt(ownKeyMark.length + at) - firstDigit;
  let user = (digit(5) & 3) << 30;
  let own = (digit(5) >>> 2) << 30;
  for (let at = 0; at < 5; at++) {
    user |= digit(at) << (6 * at);
    own |= digit(at + 6) << (6 * at);
  }
  return { user: user >>> 0, own: own >>> 0 };
};

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
