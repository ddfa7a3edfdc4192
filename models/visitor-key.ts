import { hash } from 'node:crypto';

const keyBytes = 8;

/**
 * A short key that says nothing of the person: what `Visitor` names a user and a session by. Enough
 * bytes: the odds that any two of a billion keys are equal are one in forty.
 */
export const visitorKey = (text: string): string =>
  hash('sha1', text, 'buffer').toString('base64url', 0, keyBytes);
