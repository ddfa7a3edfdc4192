import { monotonicMs } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { RunningBed } from './fault-bed.ts';
import { randomFrom } from './random.ts';
import type { Counts, FaultRow, Injected } from './row.ts';
import { pause, until } from './waiting.ts';

/** One line of the report. */
export interface RowResult {
  /** One number, or several with a plus between them. */
  readonly row: number | string;
  readonly title: string;
  readonly passed: boolean;
  readonly lost: number;
  readonly doubled: number;
  readonly unanswered: number;
  /** The most that verify found, during the fault or after it. */
  readonly differences: number;
  /** From the end of the fault until all folds were caught up and all requests answered. */
  readonly recovery_s: number;
  readonly events: number;
  readonly requests: number;
  /** Requests whose answer was said more than once, the same each time. */
  readonly answered_again: number;
  /** How often verify ran while the fault lasted. */
  readonly verified_during: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly notes: string;
}

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly eventsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const recoverySecondsMaxDefault = 60;
/** For what must still be answered or folded when the stated time is over: it is a failure then. */
const patienceMs = 180_000;
/** Of load before the harm begins. */
const warmMs = 2_000;

/** Runs one row, or several at once, and judges what came of it. */
export async function runRows(
  bed: RunningBed,
  rows: readonly FaultRow[],
  options: RunOptions,
): Promise<RowResult> {
  const { say, signal } = options;
  const row = rows.length === 1 ? (rows[0]?.row ?? 0) : rows.map((one) => one.row).join('+');
  const title = rows.map((one) => one.title).join(' + ');
  say(`row ${row}: ${title}`);
  const before = { events: bed.load.events, requests: bed.load.requests };
  const counted = await bed.count();
  const trial = new Trial(bed, rows, options);
  try {
    await trial.harm();
    await trial.recover();
    await trial.judge();
  } catch (error) {
    if (signal.aborted) throw error;
    trial.missed.push(messageOf(error));
  } finally {
    bed.load.pace(0, 0);
  }
  const counts = minus(trial.counts ?? counted, counted);
  const { lost, doubled, unanswered, answeredAgain } = counts;
  const result: RowResult = {
    row,
    title,
    passed: trial.missed.length === 0 && lost + doubled + unanswered + trial.differences === 0,
    lost,
    doubled,
    unanswered,
    differences: trial.differences,
    recovery_s: trial.recoverySeconds,
    events: bed.load.events - before.events,
    requests: bed.load.requests - before.requests,
    answered_again: answeredAgain,
    verified_during: trial.verifiedDuring,
    figures: trial.figures,
    notes: [...trial.missed.map((what) => `FAILED: ${what}`), ...trial.notes].join('; '),
  };
  say(`row ${row}: ${result.passed ? 'passed' : 'FAILED'} ${JSON.stringify(result)}`);
  return result;
}

/** What came of a row by itself; what was wrong before is not its fault. */
const minus = (now: Counts, before: Counts): Counts => ({
  lost: Math.max(0, now.lost - before.lost),
  doubled: Math.max(0, now.doubled - before.doubled),
  unanswered: Math.max(0, now.unanswered - before.unanswered),
  answeredAgain: now.answeredAgain - before.answeredAgain,
});

class Trial {
  readonly missed: string[] = [];
  readonly notes: string[] = [];
  figures: Record<string, number> = {};
  differences = 0;
  verifiedDuring = 0;
  recoverySeconds = 0;
  counts: Counts | null = null;
  readonly #bed: RunningBed;
  readonly #rows: readonly FaultRow[];
  readonly #options: RunOptions;
  #harming = false;

  constructor(bed: RunningBed, rows: readonly FaultRow[], options: RunOptions) {
    this.#bed = bed;
    this.#rows = rows;
    this.#options = options;
  }

  async harm(): Promise<void> {
    const { seconds, seed, signal, eventsPerSecond, requestsPerSecond } = this.#options;
    this.#bed.load.pace(eventsPerSecond, requestsPerSecond);
    await pause(warmMs, signal);
    this.#harming = true;
    const verifying = this.#verifyDuring();
    const injections = this.#rows.map(async (row) => {
      const random = randomFrom(seed * 1_000 + row.row);
      const alone = this.#rows.length === 1;
      this.#note(await row.inject(this.#bed, { seconds, random, alone, signal }));
    });
    for (const outcome of await Promise.allSettled(injections))
      if (outcome.status === 'rejected') this.missed.push(messageOf(outcome.reason));
    this.#harming = false;
    await verifying;
    signal.throwIfAborted();
  }

  /** Rows take their damage back; what they left broken is mended here, and costs them the time. */
  async recover(): Promise<void> {
    const endedMs = monotonicMs();
    const { load } = this.#bed;
    load.pace(0, 0);
    await this.#bed.mend();
    await load.drained();
    await this.#bed.caughtUp(patienceMs);
    const answered = async (): Promise<boolean> => {
      this.counts = await this.#bed.count();
      return this.counts.unanswered === 0 && this.counts.lost === 0;
    };
    await until(answered, { withinMs: patienceMs / 3, what: 'everything is answered' }).catch(
      (error: unknown) => this.missed.push(messageOf(error)),
    );
    await this.#bed.caughtUp(patienceMs);
    this.recoverySeconds = round((monotonicMs() - endedMs) / 1_000);
    const max = Math.max(
      ...this.#rows.map((row) => row.recoverySecondsMax ?? recoverySecondsMaxDefault),
    );
    if (this.recoverySeconds > max) this.missed.push(`recovered only after more than ${max} s`);
  }

  async judge(): Promise<void> {
    this.differences = Math.max(this.differences, await this.#bed.verify());
  }

  /** State must be the fold of the log at every moment, not only in the end. */
  async #verifyDuring(): Promise<void> {
    if (this.#rows.some(({ verifiedDuring }) => verifiedDuring === false)) return;
    const { seconds, signal } = this.#options;
    await pause((seconds * 1_000) / 3, signal);
    while (this.#harming && !signal.aborted) {
      try {
        this.differences = Math.max(this.differences, await this.#bed.verify());
        this.verifiedDuring += 1;
        await pause(5_000, signal);
      } catch (error) {
        this.notes.push(`verify during the fault: ${messageOf(error)}`);
        await pause(1_000, signal);
      }
    }
  }

  #note({ notes, figures = {} }: Injected): void {
    if (notes !== undefined && notes !== '') this.notes.push(notes);
    this.figures = { ...this.figures, ...figures };
  }
}

export const round = (seconds: number): number => Math.round(seconds * 10) / 10;
