import type { ExperimentRecord, Guardrails } from '../../experiments/definition.ts';
import { type Intake, intakeOf, nobodyComes } from '../../experiments/intake.ts';
import { type Estimates, estimatesOf } from '../../experiments/statistics/cuped.ts';
import {
  type ExperimentFigures,
  noFigures,
  type VariantFigures,
} from '../../experiments/statistics/figures.ts';
import { type GuardrailState, guardrailStates } from '../../experiments/statistics/guardrails.ts';
import { type Verdict, verdict } from '../../experiments/statistics/verdict.ts';
import { type ContextDefinition, limitsFor } from '../../models/definitions.ts';

/** What was read of an experiment. */
export interface ReadExperiment {
  readonly record: ExperimentRecord;
  readonly revision: number;
  /** Null: the service has counted nothing of it. */
  readonly figures: ExperimentFigures | null;
  /** Of its layer: users who took part in nothing. */
  readonly holdout: VariantFigures | null;
  /** Null: it is no more. */
  readonly context: ContextDefinition | null;
  /** Up to when all partitions have counted; null: not known. */
  readonly countedToMs: number | null;
  /** When it was read. */
  readonly nowMs: number;
}

export interface AssessedVariant extends VariantFigures {
  readonly model: string;
  readonly weight: number;
  /** Why it was stopped; null: it was not. */
  readonly stopped: string | null;
  readonly guardrails: readonly GuardrailState[];
}

export interface Assessed extends Omit<ReadExperiment, 'figures'> {
  readonly figures: ExperimentFigures;
  readonly isCounted: boolean;
  readonly intake: Intake;
  /** Why the figures cannot be what was counted; null: they can. */
  readonly fault: string | null;
  /** In the order of the definition: the first is the control. */
  readonly variants: readonly AssessedVariant[];
  readonly verdict: Verdict;
  readonly cuped: Estimates;
  readonly guardrailsOf: 'experiment' | 'context';
}

/** What can be said of an experiment from what was read of it. */
export const assess = (read: ReadExperiment): Assessed => {
  const { record, context } = read;
  const { definition, stops } = record;
  const fault = faultOf(read.figures);
  const figures = usable(fault === null ? read : { ...read, figures: null });
  const variants = definition.variants.map(({ variant, model, weight }, at): AssessedVariant => {
    const counted = figures.variants[at] ?? noFigures(variant);
    const stop = stops.find((one) => one.variant === variant);
    const limits = guardrailsOf(definition.guardrails, context, model);
    return {
      ...counted,
      model,
      weight,
      stopped: stop?.why ?? null,
      guardrails: guardrailStates(counted.answers, limits),
    };
  });
  const intake = intakeOf(record, read.nowMs);
  const stopped = stops.flatMap(({ variant }) => variant ?? []);
  return {
    ...read,
    figures,
    isCounted: read.figures !== null && fault === null,
    intake,
    fault,
    variants,
    verdict: verdict(figures, definition, { stopped, nobodyComes: nobodyComes(intake) }),
    cuped: estimatesOf(variants.map(({ outcome }) => outcome)),
    guardrailsOf: definition.guardrails === undefined ? 'context' : 'experiment',
  };
};

/** Sums that no users can have made: of a faulty writer, or a damaged value. */
const faultOf = (figures: ExperimentFigures | null): string | null => {
  if (figures === null) return null;
  const counts = figures.variants.flatMap(({ exposed, outcome, answers }) => [
    exposed,
    outcome.n,
    outcome.yy,
    ...Object.values(answers),
  ]);
  if (isWhole(figures) && counts.every((count) => count >= 0)) return null;
  return 'Do not believe these figures: what is stored cannot have been counted; `npx freshet verify` says what differs from the log.';
};

const isWhole = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isWhole);
};

const guardrailsOf = (
  own: Guardrails | undefined,
  context: ContextDefinition | null,
  model: string,
): Guardrails => {
  if (own !== undefined) return own;
  if (context === null) return {};
  const { predictedShareMin, atLeastShareMin, emptiedShareMax } = limitsFor(
    context.expectations,
    model,
  );
  return {
    ...(predictedShareMin === undefined ? {} : { predictedShareMin }),
    ...(atLeastShareMin === undefined ? {} : { atLeastShareMin }),
    ...(emptiedShareMax === undefined ? {} : { emptiedShareMax }),
  };
};

/** In the definition's order, with nothing for a variant that nobody was in. */
const usable = ({ record, figures }: ReadExperiment): ExperimentFigures => {
  const { experiment, variants } = record.definition;
  const known = new Map(figures?.variants.map((one) => [one.variant, one]));
  return {
    experiment,
    multiple: figures?.multiple ?? 0,
    late: figures?.late ?? 0,
    firstExposureMs: figures?.firstExposureMs ?? null,
    lastExposureMs: figures?.lastExposureMs ?? null,
    course: reordered(figures, variants),
    variants: variants.map(({ variant }) => known.get(variant) ?? noFigures(variant)),
  };
};

const reordered = (
  figures: ExperimentFigures | null,
  variants: ExperimentRecord['definition']['variants'],
): ExperimentFigures['course'] => {
  if (figures === null) return [];
  const at = variants.map(({ variant }) =>
    figures.variants.findIndex((one) => one.variant === variant),
  );
  return figures.course.map(({ untilMs, variants: then }) => ({
    untilMs,
    variants: at.map((index) => {
      const { exposed, outcome } = then[index] ?? noFigures('');
      return { exposed, outcome };
    }),
  }));
};
