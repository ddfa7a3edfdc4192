import { RetryableError } from '../../lib/errors.ts';
import type { Line } from '../../lib/stream/memory-log.ts';
import type { Cancel, Timers } from '../../lib/stream/ports.ts';
import type { Dice } from './dice.ts';

/** A process that hosts services. What it has begun ends with it; what it has sent may arrive. */
export interface Process {
  readonly name: string;
  alive: boolean;
  frozen: boolean;
}

interface Task {
  /** Who must be alive and awake; null: it happens at a broker or at Redis, whoever sent it. */
  readonly process: Process | null;
  readonly what: string;
  readonly run: () => void;
  /** It takes much longer than others do. */
  readonly slow: boolean;
}

/** Shares of what becomes of a command; the rest arrives and is answered. */
export interface Faults {
  /** It never arrives. */
  readonly fail: number;
  /** It arrives, and the answer is lost. */
  readonly lost: number;
  /** The caller gives up; it arrives some time later. */
  readonly late: number;
  /** It arrives a second time, some time later. */
  readonly twice: number;
}

const noFaults: Faults = { fail: 0, lost: 0, late: 0, twice: 0 };

/** Commands that change something: of the others only the answer matters. */
const changing = new Set(['commit', 'decide', 'send', 'set', 'commit offsets']);

/**
 * Decides what happens next, and everything that happens passes here: nothing but dice chooses
 * among what waits. A step runs one thing; then all code runs on until it waits again.
 */
export class Scheduler {
  faults: Faults = noFaults;
  /** Share of what is delayed until much else has happened. */
  slowShare = 0;
  /** What happened, for whoever repeats a schedule. */
  readonly trace: string[] | null;
  readonly #dice: Dice;
  readonly #tasks: Task[] = [];
  readonly #intervals = new Map<() => void, Process>();

  constructor(dice: Dice, traced: boolean) {
    this.#dice = dice;
    this.trace = traced ? [] : null;
  }

  /** False when nothing that waits may happen. */
  step(): boolean {
    if (this.#intervals.size > 0 && this.#dice.chance(0.02)) {
      const all = [...this.#intervals];
      const [act, process] = all[this.#dice.below(all.length)] ?? [];
      if (act !== undefined && process?.alive === true && !process.frozen) act();
    }
    const tasks = this.#tasks;
    for (let tries = 0; tries < 12 && tasks.length > 0; tries += 1) {
      const at = this.#dice.below(tasks.length);
      const task = tasks[at];
      if (task === undefined) break;
      const { process } = task;
      if (process?.alive !== false && process?.frozen === true) continue;
      if (task.slow && this.#dice.chance(0.95)) continue;
      const last = tasks.pop();
      if (last !== undefined && last !== task) tasks[at] = last;
      if (process?.alive === false) continue;
      this.trace?.push(`${process?.name ?? '-'} ${task.what}`);
      task.run();
      return true;
    }
    return false;
  }

  #push(process: Process | null, what: string, run: () => void): void {
    this.#tasks.push({ process, what, run, slow: this.#dice.chance(this.slowShare) });
  }

  note(text: string): void {
    this.trace?.push(text);
  }

  lineOf(process: Process): Line {
    return {
      soon: (what, act) => this.#push(process, what, act),
      call: (what, effect) =>
        new Promise((resolve, reject) => {
          const arrive = (): void =>
            this.#arrive({
              process,
              what,
              effect,
              resolve: resolve as (value: unknown) => void,
              reject,
            });
          this.#push(null, this.trace === null ? what : `${process.name} > ${what}`, arrive);
        }),
    };
  }

  timersOf(process: Process): Timers {
    return {
      // Any time is later: a process may have been held up for as long as you like.
      after: (_delayMs, act) => {
        let wanted = true;
        const run = (): void => void (wanted && act());
        this.#push(process, 'timer', run);
        return () => (wanted = false);
      },
      every: (_intervalMs, act): Cancel => {
        this.#intervals.set(act, process);
        return () => this.#intervals.delete(act);
      },
    };
  }

  /** Its timers and whatever else it would have done are no more. */
  buried(process: Process): void {
    for (const [act, owner] of this.#intervals) if (owner === process) this.#intervals.delete(act);
  }

  #arrive(call: {
    readonly process: Process;
    readonly what: string;
    readonly effect: () => unknown;
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
  }): void {
    const { process, what, effect, resolve, reject } = call;
    // Sent by a process that is no more: on its way it may have been lost as well.
    if (!process.alive && this.#dice.chance(0.5)) return;
    const fate = this.#fateOf(what);
    if (fate !== 'fine') this.note(`  ${fate}`);
    const later = (): void => this.#push(null, `${what} arrives again`, () => hushed(run()));
    const run = (): unknown => {
      try {
        return effect();
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
    if (fate === 'late') later();
    if (fate === 'fail' || fate === 'late') {
      this.#answer(process, () => reject(new RetryableError(`${what}: no answer`)));
      return;
    }
    const result = run();
    if (fate === 'twice') later();
    hushed(result);
    this.#answer(process, () =>
      fate === 'lost'
        ? reject(new RetryableError(`${what}: the answer was lost`))
        : resolve(result),
    );
  }

  #answer(process: Process, say: () => void): void {
    // Often at once: what lies between an effect and its answer matters now and then only.
    if (process.alive && !process.frozen && this.#dice.chance(0.8)) say();
    else this.#push(process, 'answer', say);
  }

  #fateOf(what: string): 'fine' | keyof Faults {
    const { fail, lost, late, twice } = this.faults;
    let thrown = this.#dice.unit();
    if ((thrown -= fail) < 0) return 'fail';
    if (!changing.has(what)) return 'fine';
    if ((thrown -= lost) < 0) return 'lost';
    if ((thrown -= late) < 0) return 'late';
    return (thrown -= twice) < 0 ? 'twice' : 'fine';
  }
}

/** Nobody may be there to hear of it. */
function hushed(result: unknown): void {
  if (result instanceof Promise) result.catch(() => undefined);
}
