import { monotonicMs } from '../../lib/clock.ts';
import { randomTurn } from './combine.ts';
import type { RunningBed } from './fault-bed.ts';
import { randomFrom } from './random.ts';
import type { FaultRow } from './row.ts';
import { type RowResult, type RunOptions, runRows } from './run-row.ts';
import { type Sample, slopePerHour } from './slope.ts';

export interface SoakResult {
  readonly results: readonly RowResult[];
  readonly events: number;
  readonly requests: number;
  readonly faults: number;
  /** By how much a worker grows, once it has warmed up. */
  readonly memory_mb_per_hour: number;
}

/** A process is still growing into its work until then. */
const warmMs = 60_000;
const sampleMs = 5_000;

/** Random faults, one or two at a time, until the time is over; memory is watched all along. */
export async function soak(
  bed: RunningBed,
  rows: readonly FaultRow[],
  { minutes, ...options }: RunOptions & { readonly minutes: number },
): Promise<SoakResult> {
  const startedMs = monotonicMs();
  const random = randomFrom(options.seed);
  const memory = new MemoryWatch(bed);
  const results: RowResult[] = [];
  try {
    for (let turn = 1; monotonicMs() - startedMs < minutes * 60_000; turn += 1) {
      options.signal.throwIfAborted();
      const chosen = randomTurn(rows, random);
      if (chosen.length === 0) break;
      results.push(await runRows(bed, chosen, { ...options, seed: options.seed + turn }));
    }
  } finally {
    memory.stop();
  }
  return {
    results,
    events: results.reduce((sum, { events }) => sum + events, 0),
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    faults: results.reduce((sum, { row }) => sum + String(row).split('+').length, 0),
    memory_mb_per_hour: Math.round(memory.slope() * 10) / 10,
  };
}

/** Samples of each process from when it has been up for a while; a new process is a new line. */
class MemoryWatch {
  readonly #samples = new Map<number, { readonly sinceMs: number; readonly of: Sample[] }>();
  readonly #timer: NodeJS.Timeout;

  constructor(bed: RunningBed) {
    const take = (): void => {
      for (const worker of bed.workers) {
        if (!worker.running || worker.frozen) continue;
        const nowMs = monotonicMs();
        const own = this.#samples.get(worker.pid) ?? { sinceMs: nowMs, of: [] };
        this.#samples.set(worker.pid, own);
        if (nowMs - own.sinceMs < warmMs) continue;
        const value = worker.residentMb();
        if (value !== null) own.of.push({ hours: nowMs / 3_600_000, value });
      }
    };
    this.#timer = setInterval(take, sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The mean of the processes' own slopes, each weighted by how long it was watched. */
  slope(): number {
    let sum = 0;
    let samples = 0;
    for (const { of } of this.#samples.values()) {
      sum += slopePerHour(of) * of.length;
      samples += of.length;
    }
    return samples === 0 ? 0 : sum / samples;
  }
}
