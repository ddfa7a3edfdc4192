import { Worker } from 'node:worker_threads';

import type { Mode, Outcome, SimulationOptions } from './simulate.ts';

export interface Simulated {
  /** Schedules in which nothing was ever wrong. */
  readonly schedules: number;
  readonly steps: number;
  readonly failed: Outcome | null;
}

export interface Share extends Pick<SimulationOptions, 'seed' | 'schedules'> {
  readonly mode: Mode | null;
}

/** Simulates on several threads, each its share of the seeds; ends with the first that fails. */
export async function simulateOnThreads(
  { seed, schedules, mode }: Share,
  threads: number,
): Promise<Simulated> {
  const each = Math.ceil(schedules / threads);
  const shares = Array.from({ length: threads }, (_, n): Share => {
    return { seed: seed + n * each, schedules: Math.min(each, schedules - n * each), mode };
  }).filter((share) => share.schedules > 0);
  const workers = new Set<Worker>();
  const stopAll = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  const results = await Promise.all(
    shares.map((share) => onThread(share, { workers, stopAll })),
  ).finally(stopAll);
  return {
    schedules: results.reduce((sum, result) => sum + (result?.schedules ?? 0), 0),
    steps: results.reduce((sum, result) => sum + (result?.steps ?? 0), 0),
    failed: results.find((result) => result?.failed != null)?.failed ?? null,
  };
}

/** Null: another thread has found something, and this one was not needed any more. */
function onThread(
  share: Share,
  all: { readonly workers: Set<Worker>; readonly stopAll: () => void },
): Promise<Simulated | null> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: share,
      execArgv: [],
    });
    all.workers.add(worker);
    worker.on('message', (result: Simulated) => {
      resolve(result);
      if (result.failed !== null) all.stopAll();
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(null));
  });
}
