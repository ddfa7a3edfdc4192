import { monotonicMs } from '../../lib/clock.ts';

const pollMs = 100;

/** Resolves after so long, or as soon as the run is broken off. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

export interface UntilOptions {
  readonly withinMs: number;
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** Asks until the answer is yes; a failed question counts as no. Rejects when time is up. */
export async function until(
  there: () => boolean | Promise<boolean>,
  { withinMs, what, signal }: UntilOptions,
): Promise<number> {
  const startedMs = monotonicMs();
  for (;;) {
    signal?.throwIfAborted();
    const yes = await Promise.resolve()
      .then(there)
      .catch(() => false);
    const tookMs = monotonicMs() - startedMs;
    if (yes) return tookMs;
    if (tookMs > withinMs) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Asks until there is an answer: where two rows run at once, the one may be asked while the other harms. */
export async function answered<T>(ask: () => Promise<T>, options: UntilOptions): Promise<T> {
  const found: T[] = [];
  const isAnswered = async (): Promise<boolean> => {
    found.push(await ask());
    return true;
  };
  await until(isAnswered, options);
  return found[0] as T;
}
