import type { Visitor } from '../../models/model.ts';
import { visitorKey } from '../../models/visitor-key.ts';

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
    return (this.#user ??= visitorKey(this.#userId));
  }

  get session(): string {
    return (this.#session ??= visitorKey(`${this.#userId}\n${this.#sessionStartMs}`));
  }
}
