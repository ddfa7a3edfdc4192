import { monotonicMs } from '../clock.ts';
import {
  type GroupConsumer,
  type GroupOptions,
  startGroupConsumer,
} from '../kafka/group-consumer.ts';
import { openHands } from './hands.ts';

/** Takes back what was asked for. */
export type Cancel = () => void;

export interface Timers {
  after(delayMs: number, act: () => void): Cancel;
  every(intervalMs: number, act: () => void): Cancel;
}

/**
 * Everything by which the runner reaches out of its own process: brokers, Redis and time. The
 * simulation (test/simulation) gives it another world, in which a seed decides what happens next.
 * Whoever lets the runner reach out by another way takes that out of the simulation's sight.
 */
export interface RunnerPorts {
  readonly open: typeof openHands;
  readonly join: (options: GroupOptions) => Promise<GroupConsumer>;
  readonly timers: Timers;
  /** Milliseconds that never go back: durations only, never part of a state. */
  readonly monotonicMs: () => number;
}

export const realPorts: RunnerPorts = {
  open: openHands,
  join: startGroupConsumer,
  timers: {
    after: (delayMs, act) => {
      const timer = setTimeout(act, delayMs);
      return () => clearTimeout(timer);
    },
    every: (intervalMs, act) => {
      const timer = setInterval(act, intervalMs).unref();
      return () => clearInterval(timer);
    },
  },
  monotonicMs,
};
