import { messageOf, RefusedError, RetryableError, UserError } from '../lib/errors.ts';

const status = '`npx freshet status`';

/**
 * Mistakes, refusals and parts that are away as one sentence that says what to do; null: a bug, and
 * its stack is wanted.
 */
export function sentenceOf(error: unknown): string | null {
  if (error instanceof RetryableError) return `${error.message}${cureFor(error.message)}`;
  return error instanceof UserError || error instanceof RefusedError ? messageOf(error) : null;
}

const causesMax = 5;

/**
 * A bug as it is printed: stacks, and nothing that a client has hung on an error, which are commands
 * to Redis with their arguments.
 */
export function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let at = error; at !== undefined && stacks.length < causesMax; ) {
    stacks.push(at instanceof Error ? (at.stack ?? at.message) : messageOf(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return stacks.join('\ncaused by ');
}

/** Of what is away only the message is known here; some say by themselves what helps. */
function cureFor(message: string): string {
  if (/`(?!npx freshet status)[^`]+`/.test(message)) return '';
  return message.includes(status)
    ? ': is everything up?'
    : `: is everything up? ${status} says what does not answer`;
}
