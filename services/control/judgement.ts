import type { KnownCommand } from './commands.ts';
import { type Case, type Outcome, refused } from './outcome.ts';

/**
 * A log that is folded again has to come to what was decided at its time. So whatever a later
 * release refuses and an earlier one has accepted stands under a number, and the log says from where
 * on which number counts (`settings.change`); where it has said none, 1.
 *
 * 2: what stands in the history is one line; an A/A test has no winner.
 */
export const judgementNow = 2;

export const judgementOf = ({ facts }: Pick<Case, 'facts'>): number => facts.seen.judgement ?? 1;

/** No line of the history may look like another command's. */
export function notOneLine(at: Case, command: KnownCommand): Outcome | null {
  if (judgementOf(at) < 2) return null;
  const said = saidBy(command);
  if (said === null || /^\P{Cc}*$/u.test(said.text)) return null;
  return refused(
    `nothing was changed: ${command.kind}: ${said.field}: must be one line without control characters`,
  );
}

const saidBy = ({ kind, body }: KnownCommand): { field: string; text: string } | null => {
  if (kind === 'experiment.stop') return { field: 'why', text: body.why };
  if (kind === 'experiment.decide') return { field: 'sentence', text: body.sentence };
  return null;
};
