/** Steps up to this are what keeping a clock right looks like. */
const stepMsMax = 1_000;
/** A clock that has jumped and stays where it is counts as set right after so long. */
const believedAfterMs = 300_000;

export interface Clocks {
  /** Wall-clock time, which may jump. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

/**
 * Wall-clock time that does not jump with the machine's: that of the start, moved on by the
 * monotonic clock. A clock that is wrong for a minute must not expire every deadline, nor keep a
 * client from its heartbeats until it is right again.
 */
export class SteadyClock {
  readonly #clocks: Clocks;
  #aheadMs: number;
  #jumped: { readonly aheadMs: number; readonly sinceMs: number } | null = null;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#aheadMs = clocks.nowMs() - clocks.monotonicMs();
  }

  nowMs = (): number => {
    const atMs = this.#clocks.monotonicMs();
    this.#follow(this.#clocks.nowMs() - atMs, atMs);
    // Whole, as wall-clock times are: answers state it.
    return Math.round(atMs + this.#aheadMs);
  };

  #follow(aheadMs: number, atMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) <= stepMsMax) {
      this.#aheadMs = aheadMs;
      this.#jumped = null;
      return;
    }
    const jumped = this.#jumped;
    if (jumped === null || Math.abs(aheadMs - jumped.aheadMs) > stepMsMax)
      this.#jumped = { aheadMs, sinceMs: atMs };
    else if (atMs - jumped.sinceMs >= believedAfterMs) {
      this.#aheadMs = aheadMs;
      this.#jumped = null;
    }
  }
}
