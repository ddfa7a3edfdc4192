import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Of the thread that folds, in milliseconds since it began. */
export interface Ran {
  readonly ranMs: number;
  /** It could have run, and others had the processors. */
  readonly waitedMs: number;
}

export interface PacePorts {
  /** Null: this system does not tell. */
  ran(): Ran | null;
  pause(ms: number): Promise<unknown>;
}

const nothing: Ran = { ranMs: 0, waitedMs: 0 };
/**
 * Ran and waited together. Of pieces of 25 ms one in some dozens says the opposite of what is true;
 * of 200 ms none of a hundred did, beside answers (0.52 to 0.9 waited) or alone (0.07 to 0.45).
 */
const lookEveryMs = 200;
const waitedShareMax = 0.5;
/** Where answers are given less says as much: a faster machine answers, and waits, between. */
const waitedShareMaxBeside = 0.15;
/** Where none are asked for, its priority is enough for what else runs: up to 0.48 are chance. */
const waitedShareMaxAlone = 0.75;
const pauseTimes = 3;
const pauseMsMin = 20;
const pauseMsMax = 1_000;
/** Redis writes a slice in one piece, while answers wait. */
const sliceRecordsCrowded = 200;

/**
 * The lowest priority keeps a process behind others for a processor, and what it asks of the broker
 * and of Redis not: they serve it as they serve answers. So where it waits for a processor longer
 * than it runs, others take the machine: then it works in small pieces, one at a time, and rests
 * three times as long as each took. With processors to spare it does neither, but for small pieces
 * where answers are given.
 */
export class Pace {
  readonly #ports: PacePorts;
  /** Since when shares are reckoned: at first since the thread began, so that the first slice knows. */
  #since: Ran = nothing;
  #isCrowded = false;
  #isUrgent = false;
  /** Null: nobody has said yet. */
  #isBesideAnswers: boolean | null = null;
  /** What the last piece of work began with, while others take the machine. */
  #began: Ran = nothing;
  #turn: Promise<void> = Promise.resolve();

  constructor(ports: PacePorts = realPorts) {
    this.#ports = ports;
  }

  /** Resolves when the next piece of work may begin. */
  async slice(): Promise<void> {
    if (this.#isUrgent) return;
    if (!this.#isCrowded) this.#look(this.#ports.ran());
    if (!this.#isCrowded) return;
    this.#turn = this.#turn.then(() => this.#rest());
    await this.#turn;
  }

  /**
   * Whether somebody asks for answers meanwhile: even with processors to spare Redis is one. Until
   * that is known slices are small, which costs a moment, and half of the time waited makes it rest.
   */
  besideAnswers(is: boolean): void {
    this.#isBesideAnswers = is;
  }

  /** Records that a slice may have now. */
  sliceRecords(): number {
    const isSmall = this.#isCrowded || this.#isBesideAnswers !== false;
    return isSmall && !this.#isUrgent ? sliceRecordsCrowded : Number.POSITIVE_INFINITY;
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

  /** While it rests, or waits for Redis, it neither runs nor waits for a processor. */
  #look(ran: Ran | null): void {
    if (ran === null) return;
    const took = tookBetween(this.#since, ran);
    if (took < lookEveryMs) return;
    const wasCrowded = this.#isCrowded;
    this.#isCrowded = ran.waitedMs - this.#since.waitedMs > took * this.#shareMax();
    // Nobody said when its first piece began: as much of it as was looked at.
    if (!wasCrowded) this.#began = this.#since;
    this.#since = ran;
  }

  #shareMax(): number {
    if (this.#isBesideAnswers === null) return waitedShareMax;
    return this.#isBesideAnswers ? waitedShareMaxBeside : waitedShareMaxAlone;
  }

  async #rest(): Promise<void> {
    const ran = this.#ports.ran();
    if (!this.#isCrowded || this.#isUrgent || ran === null) return;
    this.#look(ran);
    if (!this.#isCrowded) return;
    const took = tookBetween(this.#began, ran);
    this.#began = ran;
    await this.#ports.pause(Math.min(Math.max(pauseTimes * took, pauseMsMin), pauseMsMax));
  }
}

const tookBetween = (before: Ran, after: Ran): number =>
  after.ranMs - before.ranMs + after.waitedMs - before.waitedMs;

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

const realPorts: PacePorts = { ran: ranHere, pause: (ms) => pause(ms) };
