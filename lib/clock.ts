/** The one place that knows the time. Logic takes time as an argument or with the event. */

/** Wall-clock time in milliseconds since 1970, UTC. May jump. */
export const now = (): number => Date.now();

/** Milliseconds from an arbitrary start that never go back: for deadlines and durations. */
export const monotonicMs = (): number => performance.now();
