import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { repeatedly } from './repeatedly.ts';

describe('repeatedly', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('makes one round at a time, and goes on after one that failed', async () => {
    const rounds: PromiseWithResolvers<void>[] = [];
    const errors: unknown[] = [];
    const work = (): Promise<void> => {
      const round = Promise.withResolvers<void>();
      rounds.push(round);
      return round.promise;
    };
    const repeated = repeatedly(work, { pauseMs: 100, onError: (error) => errors.push(error) });
    await vi.advanceTimersByTimeAsync(99);
    expect(rounds).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rounds).toHaveLength(1);
    rounds[0]?.reject(new Error('no'));
    await vi.advanceTimersByTimeAsync(100);
    expect([rounds.length, errors.length]).toEqual([2, 1]);
    let stopped = false;
    const stopping = repeated.stop().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stopped).toBe(false);
    rounds[1]?.resolve();
    await stopping;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rounds).toHaveLength(2);
  });
});
