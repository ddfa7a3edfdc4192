import { monotonicMs } from './clock.ts';

/** What turns are taken by. `after` and `nextTurn` call back once. */
export interface TurnsPorts {
  /** Milliseconds that never go back. */
  nowMs(): number;
  after(ms: number, work: () => void): void;
  /** When the event loop has looked at its sockets again. */
  nextTurn(work: () => void): void;
}

const realTurns: TurnsPorts = {
  nowMs: monotonicMs,
  after: (ms, work) => void setTimeout(work, ms),
  nextTurn: setImmediate,
};

/** Among answers that never end, a slice begins so often all the same. */
const sliceEveryMs = 10;

/**
 * One event loop, and two kinds of work in it: answers, which somebody waits for, and slices of
 * streams, which nobody does. One slice begins in a turn of the loop, so that what has come from
 * sockets waits for one slice and not for those of all partitions; and while answers are under way
 * one begins every 10 ms, so that neither is starved.
 */
export class Turns {
  readonly #ports: TurnsPorts;
  readonly #waiting: (() => void)[] = [];
  #answers = 0;
  #beganMs = Number.NEGATIVE_INFINITY;
  #isBooked = false;

  constructor(ports: TurnsPorts = realTurns) {
    this.#ports = ports;
  }

  /** Slices give way until `work` is over. */
  async answering<T>(work: () => Promise<T>): Promise<T> {
    this.#answers += 1;
    try {
      return await work();
    } finally {
      this.#answers -= 1;
    }
  }

  /** Resolves when a slice may begin; first come, first served. */
  slice(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#book();
    });
  }

  #book(): void {
    if (this.#isBooked || this.#waiting.length === 0) return;
    this.#isBooked = true;
    this.#ports.nextTurn(() => this.#take());
  }

  #take(): void {
    const waitMs = this.#beganMs + sliceEveryMs - this.#ports.nowMs();
    if (this.#answers > 0 && waitMs > 0) {
      // Looked at again in between: the answers may be over before that.
      this.#ports.after(Math.min(waitMs, 1), () => this.#take());
      return;
    }
    this.#isBooked = false;
    this.#beganMs = this.#ports.nowMs();
    this.#waiting.shift()?.();
    this.#book();
  }
}
