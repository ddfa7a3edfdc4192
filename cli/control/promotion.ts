import { limitsFor } from '../../models/definitions.ts';
import { answersMin } from '../../services/metrics/expectations.ts';
import type { Assessed } from '../experiments/assessed.ts';
import { brokenTexts } from '../experiments/words.ts';
import type { MeasuredExpectation } from './expectations.ts';

/** What is known of a winner when it is to be promoted. */
export interface Promoted {
  readonly winner: string;
  /** Null: there is nobody to ask. */
  readonly measured: readonly MeasuredExpectation[] | null;
}

/**
 * What is promoted serves everybody: its context's expectations must hold for it. Null: they do.
 *
 * A decision needs a stop, and after it the variant gets no answers: the windows that are measured
 * run empty within the hour. The experiment's own figures stay, and say the same of all its time.
 */
export const whyNotPromoted = (
  assessed: Assessed,
  { winner, measured }: Promoted,
): string | null => {
  const { record, context } = assessed;
  const own = assessed.variants.filter(({ variant }) => variant === winner);
  const [variant] = own;
  // What is wrong with the name is for control to say.
  if (variant === undefined) return null;
  const { model, answers, guardrails } = variant;
  const home = `'${record.definition.context}'`;
  const otherwise = 'decide without --promote, or say --force';
  const guarded = brokenTexts({ variants: own });
  if (guarded.length > 0)
    return `'${winner}' was not promoted: ${guarded.join(' ').replace(/\.$/, '')}: ${otherwise}`;
  if (measured === null)
    return `'${winner}' was not promoted: whether it keeps what ${home} expects is not known, so name the metrics service with --metrics URL, or say --force`;
  const rows = measured.filter((one) => one.model === model);
  const broken = rows.filter((one) => one.broken);
  if (broken.length > 0) {
    const said = broken.map(
      ({ expectation, window, value, limit }) =>
        `${expectation} ${limit} (${Number(value.toPrecision(4))} over ${window})`,
    );
    return `'${winner}' was not promoted, it breaks what ${home} expects: ${said.join('; ')}: ${otherwise}`;
  }
  const limits = context === null ? {} : limitsFor(context.expectations, model);
  const isExpected = Object.values(limits).some((limit) => limit !== undefined);
  const isKnown =
    rows.some((one) => one.answers >= answersMin) ||
    (guardrails.length > 0 && answers.answers >= answersMin);
  return isExpected && !isKnown
    ? `'${winner}' was not promoted: fewer than ${answersMin} of its answers were measured, so whether it keeps what ${home} expects is not known: ${otherwise}`
    : null;
};
