import { monotonicMs } from '../../lib/clock.ts';
import { median } from '../median.ts';
import { commonSlopePerHour, type Sample } from './slope.ts';

/** Resident memory of the workers' processes, in MB. */
export interface MemoryReport {
  /** By how much a process grows, once it has warmed up. */
  readonly memory_mb_per_hour: number;
  readonly memory_mb_max: number;
  /** The process that lived longest: for how long, and the medians of its first and last tenth. */
  readonly memory_longest_minutes: number;
  readonly memory_longest_mb_first: number;
  readonly memory_longest_mb_last: number;
}

interface Watched {
  readonly running: boolean;
  readonly frozen: boolean;
  readonly pid: number;
  /** Null: there is no such process. */
  residentMb(): number | null;
}

/** A process is still growing into its work until then. */
const warmMs = 60_000;
const sampleMs = 5_000;

/** Samples of each process from when it has been up for a while; a new process is a new line. */
export class MemoryWatch {
  readonly #lines = new Map<number, { readonly sinceMs: number; readonly of: Sample[] }>();
  readonly #workers: readonly Watched[];
  #timer: NodeJS.Timeout | undefined;

  constructor(workers: readonly Watched[]) {
    this.#workers = workers;
  }

  start(): void {
    this.#timer = setInterval(() => this.take(monotonicMs()), sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  take(nowMs: number): void {
    for (const worker of this.#workers) {
      if (!worker.running || worker.frozen) continue;
      const own = this.#lines.get(worker.pid) ?? { sinceMs: nowMs, of: [] };
      this.#lines.set(worker.pid, own);
      if (nowMs - own.sinceMs < warmMs) continue;
      const value = worker.residentMb();
      if (value !== null) own.of.push({ hours: nowMs / 3_600_000, value });
    }
  }

  report(): MemoryReport {
    const lines = [...this.#lines.values()].map(({ of }) => of);
    const longest = lines.toSorted((a, b) => hoursOf(b) - hoursOf(a))[0] ?? [];
    const tenth = Math.max(1, Math.ceil(longest.length / 10));
    const values = longest.map(({ value }) => value);
    return {
      memory_mb_per_hour: Math.round(commonSlopePerHour(lines) * 10) / 10,
      memory_mb_max: lines.flat().reduce((most, { value }) => Math.max(most, value), 0),
      memory_longest_minutes: Math.round(hoursOf(longest) * 60),
      memory_longest_mb_first: median(values.slice(0, tenth)),
      memory_longest_mb_last: median(values.slice(-tenth)),
    };
  }
}

const hoursOf = (line: readonly Sample[]): number =>
  (line.at(-1)?.hours ?? 0) - (line[0]?.hours ?? 0);
