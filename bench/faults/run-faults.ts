import { monotonicMs } from '../../lib/clock.ts';
import { randomPairs } from './combine.ts';
import { RunningBed } from './fault-bed.ts';
import type { MemoryReport } from './memory-watch.ts';
import { randomFrom } from './random.ts';
import type { FaultRow } from './row.ts';
import { chosenRows, loadRows } from './rows.ts';
import { round, type RowResult, type RunOptions, runRows } from './run-row.ts';
import { soak } from './soak.ts';

export interface FaultsOptions {
  readonly rows: readonly number[];
  readonly seconds: number;
  readonly seed: number;
  /** So many pairs of rows at random, after the rows. */
  readonly pairs: number;
  /** Random faults for so long instead. */
  readonly minutes: number;
  readonly eventsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly sessionMs: number;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface FaultsReport extends Partial<MemoryReport> {
  readonly rows: readonly RowResult[];
  readonly rows_passed: number;
  readonly rows_run: number;
  /** Rows that did harm: of a pair both. */
  readonly faults: number;
  readonly seed: number;
  readonly seconds: number;
  readonly took_s: number;
  readonly events: number;
  readonly requests: number;
}

const workers = 3;

export async function runFaults(options: FaultsOptions): Promise<FaultsReport> {
  const { seed, signal, say } = options;
  const rows = chosenRows(await loadRows(), options.rows);
  say(`seed ${seed}`);
  const bed = await RunningBed.open({ ...options, workers });
  // Whatever waits for something gives up as soon as nothing of it runs any more.
  const brokenOff = new Promise<never>((_, reject) => {
    const stop = (): void => void bed.close().finally(() => reject(signal.reason as Error));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  brokenOff.catch(() => undefined);
  try {
    return await Promise.race([runOn(bed, rows, options), brokenOff]);
  } finally {
    await bed.close();
  }
}

async function runOn(
  bed: RunningBed,
  rows: readonly FaultRow[],
  options: FaultsOptions,
): Promise<FaultsReport> {
  const startedMs = monotonicMs();
  const { say, seed, pairs } = options;
  await bed.install();
  say(`${workers} workers are ready (${round((monotonicMs() - startedMs) / 1_000)} s)`);
  if (options.minutes > 0) {
    const { results, memory } = await soak(bed, rows, options);
    return report(results, { options, startedMs, more: memory });
  }
  const trials: readonly (readonly FaultRow[])[] =
    pairs > 0 ? randomPairs(rows, pairs, randomFrom(seed)) : rows.map((row) => [row]);
  return report(await runAll(bed, trials, options), { options, startedMs, more: {} });
}

async function runAll(
  bed: RunningBed,
  trials: readonly (readonly FaultRow[])[],
  options: RunOptions,
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const [index, rows] of trials.entries()) {
    options.signal.throwIfAborted();
    const last = results.at(-1);
    // What a row broke for good is no fault of the next one.
    const broken = last?.passed === false || trials[index - 1]?.some(({ fresh }) => fresh === true);
    if (index > 0 && (broken === true || rows.some(({ fresh }) => fresh === true))) {
      await bed.install();
    }
    results.push(await runRows(bed, rows, options));
  }
  return results;
}

function report(
  rows: readonly RowResult[],
  from: {
    readonly options: FaultsOptions;
    readonly startedMs: number;
    readonly more: Partial<FaultsReport>;
  },
): FaultsReport {
  const { seed, seconds } = from.options;
  return {
    rows,
    rows_passed: rows.filter(({ passed }) => passed).length,
    rows_run: rows.length,
    faults: rows.reduce((sum, { row }) => sum + String(row).split('+').length, 0),
    seed,
    seconds,
    took_s: round((monotonicMs() - from.startedMs) / 1_000),
    events: rows.reduce((sum, { events }) => sum + events, 0),
    requests: rows.reduce((sum, { requests }) => sum + requests, 0),
    ...from.more,
  };
}
