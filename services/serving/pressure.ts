/** Smaller slices say more about a round trip than about what an answer costs. */
const tellingMin = 64;
/** How much of the estimate one slice changes. */
const weight = 0.3;
/** Believed until a slice has been measured: too little rather than too much, so that none is shed for it. */
const firstMsPerAnswer = 0.2;
/** However slow answers are, so many may wait. */
const backlogMin = 100;

export interface PressureOptions {
  /** Requests of a partition that may wait at all. */
  readonly backlogMax: number;
  /** For how long a request may wait behind others. */
  readonly waitMsMax: number;
}

/**
 * What an answer costs just now, as slices are answered, and so how many requests may wait: a queue
 * that is bounded in number alone holds seconds of waiting as soon as answers get slower.
 */
export class Pressure {
  readonly #options: PressureOptions;
  #msPerAnswer = firstMsPerAnswer;

  constructor(options: PressureOptions) {
    this.#options = options;
  }

  get msPerAnswer(): number {
    return this.#msPerAnswer;
  }

  took(answers: number, ms: number): void {
    if (answers < tellingMin) return;
    this.#msPerAnswer += weight * (ms / answers - this.#msPerAnswer);
  }

  /** A request with more than this many after it would have waited, or would let others wait, for too long. */
  backlogMax(): number {
    const { backlogMax, waitMsMax } = this.#options;
    const inTime = Math.floor(waitMsMax / this.#msPerAnswer);
    return Math.min(backlogMax, Math.max(backlogMin, inTime));
  }
}
