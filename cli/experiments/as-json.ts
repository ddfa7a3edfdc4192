import type { Interval } from '../../experiments/statistics/comparison.ts';
import { meanOf, varianceOf } from '../../experiments/statistics/sums.ts';
import type { Assessed, AssessedVariant } from './assessed.ts';
import { headline, missingTexts } from './words.ts';

const rounded = (value: number): number => Number(value.toPrecision(6));

const interval = (given: Interval | null) =>
  given === null
    ? null
    : {
        estimate: rounded(given.estimate),
        low: rounded(given.low),
        high: rounded(given.high),
      };

/** All that is known of an experiment, for programs. */
export const experimentJson = (assessed: Assessed) => {
  const { record, revision, figures, verdict, cuped, countedToMs, holdout } = assessed;
  const { definition, state, startedAtMs, stoppedAtMs, stops, decision } = record;
  return {
    experiment: definition.experiment,
    context: definition.context,
    state,
    revision,
    sentence: headline(assessed),
    verdict: assessed.isCounted ? verdict.kind : null,
    winner: decision === null ? verdict.winner : decision.winner,
    experiment_users: assessed.variants.reduce((sum, { exposed }) => sum + exposed, 0),
    srm_p: rounded(verdict.srmP),
    multiple: figures.multiple,
    multiple_share: rounded(verdict.multipleShare),
    late: figures.late,
    missing: missingTexts(assessed),
    missing_users: verdict.missing?.users ?? null,
    missing_days: verdict.missing?.days ?? null,
    cuped: { theta: rounded(cuped.theta), width_ratio: rounded(cuped.widthRatio) },
    variants: assessed.variants.map((one, at) => ({
      ...variantJson(one),
      comparison: at === 0 ? null : comparisonJson(assessed, at - 1),
    })),
    holdout: holdout === null ? null : { users: holdout.exposed, entered: holdout.outcome.n },
    counted_to_ms: countedToMs,
    started_at_ms: startedAtMs,
    stopped_at_ms: stoppedAtMs,
    stops,
    decision,
    definition,
  };
};

const variantJson = (one: AssessedVariant) => ({
  variant: one.variant,
  model: one.model,
  weight: one.weight,
  stopped: one.stopped,
  users: one.exposed,
  entered: one.outcome.n,
  outcome_mean: rounded(meanOf(one.outcome)),
  outcome_deviation: rounded(Math.sqrt(varianceOf(one.outcome))),
  kinds: Object.fromEntries(
    Object.entries(one.kinds).map(([kind, { users, count, value }]) => [
      kind,
      { users, count, value },
    ]),
  ),
  answers: one.answers.answers,
  predicted: one.answers.predicted,
  enough: one.answers.enough,
  emptied: one.answers.emptied,
  removed: one.removed,
  items_shown: one.itemsShown,
  guardrails: one.guardrails.map(({ name, share, limit, p, isBroken }) => ({
    name,
    share,
    limit,
    p: rounded(p),
    broken: isBroken,
  })),
});

const comparisonJson = ({ verdict }: Assessed, at: number) => {
  const one = verdict.comparisons[at];
  return one === undefined
    ? null
    : {
        absolute: interval(one.absolute),
        relative: interval(one.relative),
        p: rounded(one.p),
        found: one.isFound,
      };
};
