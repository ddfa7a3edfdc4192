import { hash } from 'node:crypto';

import type { Visitor } from '../../models/model.ts';

const keyBytes = 8;

/** Enough: the odds that any two of a billion keys are equal are one in forty. */
const keyOf = (text: string): string =>
  hash('sha1', text, 'buffer').toString('base64url', 0, keyBytes);

/** A key costs a hash and few sides ask, so it is worked out when it is first asked for. */
export class EventVisitor implements Visitor {
  readonly #userId: string;
  readonly #sessionStartMs: number;
  #user: string | undefined;
  #session: string | undefined;

  constructor(userId: string, sessionStartMs: number) {
    this.#userId = userId;
    this.#sessionStartMs = sessionStartMs;
  }

  get user(): string {
    return (this.#user ??= keyOf(this.#userId));
  }

  get session(): string {
    return (this.#session ??= keyOf(`${this.#userId}\n${this.#sessionStartMs}`));
  }
}
