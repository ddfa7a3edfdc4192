export interface Repeated {
  /** Resolves when the round that is under way has ended. */
  stop(): Promise<void>;
}

/**
 * One round at a time, `pauseMs` before each, also after one that failed, which `onError` is told of.
 */
export function repeatedly(
  work: () => Promise<void>,
  { pauseMs, onError }: { readonly pauseMs: number; readonly onError: (error: unknown) => void },
): Repeated {
  let stopped = false;
  let round = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const once = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    next();
  };
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      round = once();
    }, pauseMs);
  };
  next();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}
