import type { LogRecord, OutMessage } from './topology.ts';

/** A record that a stage could not use. */
export interface Failure {
  readonly record: LogRecord;
  readonly reason: string;
  readonly detail: string;
}

/** A failure, and the generation that found it: another one may judge by other settings. */
export interface FoundFailure extends Failure {
  readonly lineage: string;
}

/** Turns a failure into its record on failed-events; the key is its id. */
export type FailureMessage = (failure: FoundFailure) => OutMessage;

/** What `failed-events` counts by: the same failure found twice has the same id. */
export const failureId = (stage: string, { topic, partition, offset }: LogRecord): string =>
  `${stage}/${topic}/${partition}/${offset}`;

/** The one reason that depends on when it was looked: see StateStore.decide. */
export const unknownSchema = 'unknown_schema';

export interface PoisonLimits {
  readonly consecutiveMax: number;
  /** Of the last `windowRecords` records at most this many. */
  readonly inWindowMax: number;
  readonly windowRecords: number;
}

export const defaultPoisonLimits: PoisonLimits = {
  consecutiveMax: 100,
  inWindowMax: 500,
  windowRecords: 1_000,
};

/**
 * Past the limit a partition stops: so much poison is a bad deploy and not bad data. Counted in
 * this run only, so that a start after the cure goes on.
 */
export class PoisonMeter {
  readonly #limits: PoisonLimits;
  #window: Uint8Array;
  #seen = 0;
  #inWindow = 0;
  #consecutive = 0;

  constructor(limits: PoisonLimits) {
    this.#limits = limits;
    this.#window = new Uint8Array(limits.windowRecords);
  }

  /** Which limit one more failure would pass, in words; null: none. */
  full(): string | null {
    const { consecutiveMax, inWindowMax, windowRecords } = this.#limits;
    if (this.#consecutive >= consecutiveMax)
      return `${this.#consecutive} records in a row could not be used`;
    if (this.#seen >= windowRecords && this.#inWindow >= inWindowMax)
      return `${this.#inWindow} of the last ${windowRecords} records could not be used`;
    return null;
  }

  /** Counts on by itself: for records that may have to be tried, and counted, again. */
  fork(): PoisonMeter {
    const own = new PoisonMeter(this.#limits);
    own.#window = this.#window.slice();
    own.#seen = this.#seen;
    own.#inWindow = this.#inWindow;
    own.#consecutive = this.#consecutive;
    return own;
  }

  count(failed: boolean): void {
    const at = this.#seen % this.#window.length;
    this.#inWindow += Number(failed) - (this.#window[at] ?? 0);
    this.#window[at] = Number(failed);
    this.#consecutive = failed ? this.#consecutive + 1 : 0;
    this.#seen += 1;
  }
}
