interface Stoppable {
  stop(): Promise<void>;
}

/** Waits for everything that starts. Where one cannot be started, the others are let go. */
export const allOrNone = async <T extends readonly Stoppable[]>(
  starting: {
    readonly [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> => {
  try {
    return (await Promise.all(starting)) as unknown as T;
  } catch (error) {
    for (const outcome of await Promise.allSettled<Stoppable>(starting))
      if (outcome.status === 'fulfilled') await outcome.value.stop();
    throw error;
  }
};
