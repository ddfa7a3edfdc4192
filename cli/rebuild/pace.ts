import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';

/** Of the thread that folds, in milliseconds since it began. */
export interface Ran {
  readonly ranMs: number;
  /** It could have run, and others had the processors. */
  readonly waitedMs: number;
}

export interface PacePorts {
  /** Null: this system does not tell. */
  ran(): Ran | null;
  nowMs(): number;
  pause(ms: number): Promise<unknown>;
}

const nothing: Ran = { ranMs: 0, waitedMs: 0 };
/** Short of it a share says little. */
const lookEveryMs = 100;
const lookEveryMsCrowded = 25;
/** A rebuild alone on two cores, beside a broker and Redis, waits for 0.15 to 0.2 of its time. */
const waitedShareMax = 0.5;
/** Of 25 ms one in some dozens looks free though answers are being made: at full speed that hurts. */
const freeLooksMin = 8;
const pauseTimes = 3;
const pauseMsMin = 20;
const pauseMsMax = 1_000;
/** Redis writes a slice in one piece, while answers wait. */
const sliceRecordsCrowded = 500;

/**
 * The lowest priority keeps a process behind others for a processor, and what it asks of the broker
 * and of Redis not: they serve it as they serve answers. So where it waits for a processor longer
 * than it runs, others take the machine: then it works in small pieces, one at a time, and rests
 * three times as long as each took, until it has found processors to spare again and again.
 */
export class Pace {
  readonly #ports: PacePorts;
  /** Since when shares are reckoned: at first since the thread began, so that the first slice knows. */
  #since: { readonly atMs: number; readonly ran: Ran } = { atMs: -Infinity, ran: nothing };
  #isCrowded = false;
  /** Looks in a row that found processors to spare. */
  #freeLooks = 0;
  #isUrgent = false;
  /** What the last piece of work began with, while others take the machine. */
  #began: Ran = nothing;
  #turn: Promise<void> = Promise.resolve();

  constructor(ports: PacePorts = realPorts) {
    this.#ports = ports;
  }

  /** Resolves when the next piece of work may begin. */
  async slice(): Promise<void> {
    if (this.#isUrgent) return;
    if (!this.#isCrowded) this.#look();
    if (!this.#isCrowded) return;
    this.#turn = this.#turn.then(() => this.#rest());
    await this.#turn;
  }

  /** Records that a slice may have now. */
  sliceRecords(): number {
    return this.#isCrowded && !this.#isUrgent ? sliceRecordsCrowded : Number.POSITIVE_INFINITY;
  }

  /** Nothing begins to rest until `work` is over: somebody stands still for it. */
  async urgently<T>(work: () => Promise<T>): Promise<T> {
    this.#isUrgent = true;
    try {
      return await work();
    } finally {
      this.#isUrgent = false;
    }
  }

  #look(): void {
    const atMs = this.#ports.nowMs();
    if (atMs - this.#since.atMs < lookEveryMs) return;
    const ran = this.#ports.ran();
    if (ran === null) return;
    const before = this.#since.ran;
    this.#since = { atMs, ran };
    this.#isCrowded = isCrowded(before, ran);
    this.#freeLooks = 0;
    this.#began = before;
  }

  async #rest(): Promise<void> {
    const ran = this.#ports.ran();
    if (!this.#isCrowded || this.#isUrgent || ran === null) return;
    // While it rests it neither runs nor waits.
    if (tookBetween(this.#since.ran, ran) >= lookEveryMsCrowded) {
      this.#freeLooks = isCrowded(this.#since.ran, ran) ? 0 : this.#freeLooks + 1;
      this.#since = { atMs: this.#ports.nowMs(), ran };
      if (this.#freeLooks >= freeLooksMin) {
        this.#isCrowded = false;
        return;
      }
    }
    const took = tookBetween(this.#began, ran);
    this.#began = ran;
    await this.#ports.pause(Math.min(Math.max(pauseTimes * took, pauseMsMin), pauseMsMax));
  }
}

const tookBetween = (before: Ran, after: Ran): number =>
  after.ranMs - before.ranMs + after.waitedMs - before.waitedMs;

const isCrowded = (before: Ran, after: Ran): boolean =>
  after.waitedMs - before.waitedMs > tookBetween(before, after) * waitedShareMax;

/** Of the process's first thread: time on a processor and in the run queue, in ns (proc(5)). */
const schedstat = '/proc/self/schedstat';

const ranHere = (): Ran | null => {
  try {
    const [ran = Number.NaN, waited = Number.NaN] = readFileSync(schedstat, 'latin1')
      .split(' ')
      .map((ns) => Number(ns) / 1e6);
    return Number.isFinite(ran + waited) ? { ranMs: ran, waitedMs: waited } : null;
  } catch {
    return null;
  }
};

const realPorts: PacePorts = { ran: ranHere, nowMs: monotonicMs, pause: (ms) => pause(ms) };
