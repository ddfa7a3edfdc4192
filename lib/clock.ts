/** The one place that knows the time. Logic takes time as an argument or with the event. */
import { SteadyClock } from './steady-clock.ts';

/** Milliseconds from an arbitrary start that never go back: for deadlines and durations. */
export const monotonicMs = (): number => performance.now();

const steady = new SteadyClock({ nowMs: Date.now.bind(Date), monotonicMs });

/** Wall-clock time in milliseconds since 1970, UTC. Does not jump when the machine's clock does. */
export const now = (): number => steady.nowMs();

/**
 * For libraries that measure spans of time with Date.now: a clock that is set back by an hour would
 * otherwise keep kafkajs from its heartbeats for an hour, and it would fetch on without a group.
 */
export function makeDateSteady(): void {
  Date.now = now;
}
