/** What is still under way of a batch whose records need no more work of the consumer. */
export interface InFlight {
  readonly sent: Promise<void>;
}

/** Batches of a partition that may be under way at once: what they hold is held in memory. */
export const inFlightMax = 4;

interface Flight {
  readonly from: number;
  readonly next: number;
  state: 'under way' | 'landed' | 'failed';
}

/**
 * The batches of one partition, in the order of the log, from where it was begun until one fails
 * or the partition goes to another owner. Offsets count as done up to the first that is not.
 */
export class Course {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** Somebody has arranged that the partition begins anew. */
  restarting = false;
  #done: number | null = null;
  #committed: number | null = null;
  readonly #flights: Flight[] = [];
  #wake: (() => void)[] = [];

  constructor(at: { readonly id: number; readonly topic: string; readonly partition: number }) {
    this.id = at.id;
    this.topic = at.topic;
    this.partition = at.partition;
  }

  /** After a failure nothing more is taken: records would overtake those that failed. */
  get broken(): boolean {
    return this.#flights.some(({ state }) => state === 'failed');
  }

  /** Something is under way, or has failed. */
  get isOpen(): boolean {
    return this.#flights.length > 0;
  }

  /** Resolves when one more batch may be under way. */
  async room(): Promise<void> {
    while (this.#flights.length >= inFlightMax && !this.broken) await this.#change();
  }

  /**
   * Resolves when all that is under way now counts as done, or all of it before the first that has
   * failed: what is taken meanwhile is not waited for.
   */
  async landed(): Promise<void> {
    const last = this.#flights.at(-1);
    const waits = (): boolean =>
      last !== undefined && this.#flights.includes(last) && this.#flights[0]?.state !== 'failed';
    while (waits()) await this.#change();
  }

  /** Returns what to call once, with the error if it failed. */
  take(from: number, next: number): (error: unknown) => void {
    const flight: Flight = { from, next, state: 'under way' };
    this.#flights.push(flight);
    return (error) => {
      flight.state = error === null ? 'landed' : 'failed';
      while (this.#flights[0]?.state === 'landed') this.#done = this.#flights.shift()?.next ?? null;
      for (const wake of this.#wake.splice(0)) wake();
    };
  }

  /** Where to begin anew: the first offset that is not done. */
  next(): number {
    return this.#flights[0]?.from ?? this.#done ?? 0;
  }

  /** What is done and was not returned before. */
  toCommit(): { topic: string; partition: number; offset: number } | null {
    if (this.#done === null || this.#done === this.#committed) return null;
    this.#committed = this.#done;
    return { topic: this.topic, partition: this.partition, offset: this.#done };
  }

  /** The group did not take what was returned. */
  sayAgain(): void {
    this.#committed = null;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => void this.#wake.push(resolve));
  }
}
