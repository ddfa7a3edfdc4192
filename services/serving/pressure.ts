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

  /** A slice that nothing ran beside in its partition. */
  took(answers: number, ms: number): void {
    if (answers < tellingMin) this.tookAtMost(answers, ms);
    else this.#learn(ms / answers);
  }

  /**
   * However few they were, and whatever else was waited for: an answer does not cost more. So the
   * estimate falls again also where it lets no more wait than are answered together.
   */
  tookAtMost(answers: number, ms: number): void {
    if (answers > 0 && ms / answers < this.#msPerAnswer) this.#learn(ms / answers);
  }

  #learn(msPerAnswer: number): void {
    this.#msPerAnswer += weight * (msPerAnswer - this.#msPerAnswer);
  }

  /** A request with more than this many after it would have waited, or would let others wait, for too long. */
  backlogMax(): number {
    const { backlogMax, waitMsMax } = this.#options;
    const inTime = Math.floor(waitMsMax / this.#msPerAnswer);
    return Math.min(backlogMax, Math.max(backlogMin, inTime));
  }
}
