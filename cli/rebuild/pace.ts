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

/** Short of it a share says little. */
const lookEveryMs = 100;
/** A rebuild alone on two cores, beside a broker and Redis, waits for 0.15 to 0.2 of its time. */
const waitedShareMax = 0.5;
const pauseTimes = 3;
const pauseMsMax = 1_000;

/**
 * The lowest priority keeps a process behind others for a processor, and what it asks of the broker
 * and of Redis not: they serve it as they serve answers. So where it waits for a processor longer
 * than it runs, others take the machine, and it rests three times as long as that took. With
 * processors to spare it never does.
 */
export class Pace {
  readonly #ports: PacePorts;
  #last: { readonly atMs: number; readonly ran: Ran } | null = null;
  #resting: Promise<unknown> | null = null;
  #isUrgent = false;

  constructor(ports: PacePorts = realPorts) {
    this.#ports = ports;
  }

  /** Resolves when the next piece of work may begin; what calls it meanwhile rests along. */
  async slice(): Promise<void> {
    if (this.#isUrgent) return;
    if (this.#resting === null) {
      const restMs = this.#restMs();
      if (restMs === 0) return;
      this.#resting = this.#ports.pause(restMs).finally(() => {
        this.#resting = null;
        this.#last = null;
      });
    }
    await this.#resting;
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

  #restMs(): number {
    const atMs = this.#ports.nowMs();
    if (this.#last !== null && atMs - this.#last.atMs < lookEveryMs) return 0;
    const ran = this.#ports.ran();
    if (ran === null) return 0;
    const before = this.#last;
    this.#last = { atMs, ran };
    if (before === null) return 0;
    const waitedMs = ran.waitedMs - before.ran.waitedMs;
    const took = waitedMs + ran.ranMs - before.ran.ranMs;
    return waitedMs > took * waitedShareMax ? Math.min(pauseTimes * took, pauseMsMax) : 0;
  }
}

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
