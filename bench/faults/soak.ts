import { monotonicMs } from '../../lib/clock.ts';
import { randomTurn } from './combine.ts';
import type { RunningBed } from './fault-bed.ts';
import { type MemoryReport, MemoryWatch } from './memory-watch.ts';
import { randomFrom } from './random.ts';
import type { FaultRow } from './row.ts';
import { type RowResult, type RunOptions, runRows } from './run-row.ts';

export interface SoakResult {
  readonly results: readonly RowResult[];
  readonly memory: MemoryReport;
}

/** Random faults, one or two at a time, until the time is over; memory is watched all along. */
export async function soak(
  bed: RunningBed,
  rows: readonly FaultRow[],
  { minutes, ...options }: RunOptions & { readonly minutes: number },
): Promise<SoakResult> {
  const startedMs = monotonicMs();
  const random = randomFrom(options.seed);
  const memory = new MemoryWatch(bed.workers);
  const results: RowResult[] = [];
  memory.start();
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
  return { results, memory: memory.report() };
}
