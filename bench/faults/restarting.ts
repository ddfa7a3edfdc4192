import type { BedWorker, FaultBed } from './row.ts';

/** Ends all workers as a power cut would and starts them with these settings; until all are ready. */
export async function restartAll(
  bed: FaultBed,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    bed.workers.map(async (worker) => {
      if (worker.running) await worker.kill();
      await worker.start(environment);
      await worker.ready(signal);
    }),
  );
}

export async function startReady(worker: BedWorker, signal: AbortSignal): Promise<void> {
  if (!worker.running) await worker.start();
  await worker.ready(signal);
}
