/**
 * Three kinds of trouble, told apart in one place.
 * - RetryableError: thrown by adapters in lib/ for a fault that passes (broker, Redis or registry
 *   away). The partition pauses and tries again; nothing is dropped.
 * - RefusedError: going on would be wrong (another log, lost state, a changed partition count).
 *   The process stops and the message says what to do.
 * - UserError: a mistake in a command or a configuration; shown as one line, no stack trace.
 * Anything else is a bug: the process exits with nothing committed.
 */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
}

export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** Others have taken over from this very service: what else its process runs may go on. */
export class SupersededError extends RefusedError {}

export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
