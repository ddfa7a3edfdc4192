import { setTimeout as pause } from 'node:timers/promises';

import { RetryableError } from '../../lib/errors.ts';

const retryMsDefault = 1_000;

export interface Patience {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Left out: a second. */
  readonly retryMs?: number;
}

/** A dependency that is away for a while must not end what may have taken hours. */
export async function patiently<T>(
  work: () => Promise<T>,
  { say, signal, retryMs = retryMsDefault }: Patience,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RetryableError) || signal.aborted) throw error;
      say(`waiting: ${error.message}`);
      await pause(retryMs);
    }
  }
}
