import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Asker } from '../data/asking.ts';
import { plainRequest } from '../../schemas/plain-request.ts';

export interface Visit {
  readonly userId: string;
  readonly contextId: string;
}

export interface Visited {
  readonly visit: Visit;
  readonly recommendation: Recommendation;
  readonly tookMs: number;
}

export interface VisitorsOptions {
  readonly asker: Asker;
  /** Who asks next, and where. */
  readonly next: () => Visit;
  readonly onAnswer: (visited: Visited) => void;
  readonly timeoutMs: number;
}

/** Requests that are open at once, at most: past this a visitor is left out, not queued. */
const openMax = 200;

/** Asks at a steady rate, whether or not answers come: as visitors do. */
export class Visitors {
  readonly #options: VisitorsOptions;
  readonly #open = new Set<Promise<void>>();
  #running: Promise<void> | null = null;
  #stopped = false;
  requests = 0;
  answers = 0;
  /** Of answers with status ok: how many, and how many by the first step of the ladder. */
  ok = 0;
  byModel = 0;
  failure: string | null = null;

  constructor(options: VisitorsOptions) {
    this.#options = options;
  }

  start(perSecond: number): void {
    this.#stopped = false;
    this.#running = this.#run(perSecond);
  }

  /** Stops asking, and waits for the answers that are still to come. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#open);
  }

  async #run(perSecond: number): Promise<void> {
    const everyMs = 1_000 / perSecond;
    let dueMs = monotonicMs();
    while (!this.#stopped) {
      if (this.#open.size < openMax) this.#ask(this.#options.next());
      dueMs = Math.max(dueMs + everyMs, monotonicMs() - everyMs);
      await pause(Math.max(0, dueMs - monotonicMs()));
    }
  }

  #ask(visit: Visit): void {
    const { asker, timeoutMs, onAnswer } = this.#options;
    this.requests += 1;
    const asking = asker.ask(plainRequest(visit.userId, visit.contextId), timeoutMs).then(
      (answer) => {
        if (answer === null) return;
        const { recommendation, tookMs } = answer;
        this.answers += 1;
        if (recommendation.status === 'ok') {
          this.ok += 1;
          if (recommendation.items[0]?.step === 0) this.byModel += 1;
        }
        onAnswer({ visit, recommendation, tookMs });
      },
      (error: unknown) => {
        this.failure ??= messageOf(error);
      },
    );
    this.#open.add(asking);
    void asking.finally(() => this.#open.delete(asking));
  }
}
