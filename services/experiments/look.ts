import { createHash } from 'node:crypto';

import type {
  ExperimentDefinition,
  ExperimentRecord,
  Guardrails,
} from '../../experiments/definition.ts';
import { figuresOf } from '../../experiments/counted.ts';
import type { ExperimentFigures } from '../../experiments/statistics/figures.ts';
import { type GuardrailState, guardrailStates } from '../../experiments/statistics/guardrails.ts';
import { type Verdict, verdict } from '../../experiments/statistics/verdict.ts';
import { percent } from '../../experiments/statistics/words.ts';
import { type Expectations, limitsFor } from '../../models/definitions.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { ExperimentPartials } from '../../schemas/packed/experiment-partials.ts';

/** A variant, or all of it, is to be stopped: what the control plane is asked for. */
export interface Stop {
  readonly commandId: string;
  readonly experiment: string;
  /** Left out: the whole experiment. */
  readonly variant?: string;
  readonly why: string;
}

export interface Look {
  readonly stops: readonly Stop[];
  readonly metrics: readonly MetricEvent[];
}

/** Users are certainly not divided as they should be: below this nothing goes on by itself. */
export const sampleRatioStopP = 1e-6;

export interface LookOptions {
  readonly latenessMs: number;
  readonly atMs: number;
  /** Of the context, where the definition has no guardrails of its own. */
  readonly expectations: Expectations | undefined;
}

/** What a running experiment shows now, and what follows from it. Pure. */
export function lookAt(
  record: ExperimentRecord,
  partitions: readonly ExperimentPartials[],
  options: LookOptions,
): Look {
  const { definition, stops } = record;
  const figures = figuresOf(partitions, {
    experiment: definition.experiment,
    variants: definition.variants.map(({ variant }) => variant),
    measure: definition.outcome.measure,
    latenessMs: options.latenessMs,
  });
  if (figures === null) return { stops: [], metrics: [] };
  const stopped = stops.flatMap(({ variant }) => (variant === null ? [] : [variant]));
  const judged = verdict(figures, definition, { stopped });
  const metrics = metricsOf(figures, judged, { definition, atMs: options.atMs });
  if (judged.srmP <= sampleRatioStopP)
    return { stops: [stopOf(record, { why: unlikeWeights })], metrics };
  return { stops: brokenIn(record, figures, { ...options, stopped }), metrics };
}

const unlikeWeights =
  'users did not fall to the variants by their weights, which no chance explains';

/** The control is what the context serves anyway: what breaks there is no fault of the experiment. */
function brokenIn(
  record: ExperimentRecord,
  figures: ExperimentFigures,
  { expectations, stopped }: LookOptions & { readonly stopped: readonly string[] },
): readonly Stop[] {
  const [, ...others] = record.definition.variants;
  return others.flatMap(({ variant, model }) => {
    const own = figures.variants.find((one) => one.variant === variant);
    if (own === undefined || stopped.includes(variant)) return [];
    const guardrails = record.definition.guardrails ?? guardrailsOf(expectations, model);
    const broken = guardrailStates(own.answers, guardrails).find(({ isBroken }) => isBroken);
    return broken === undefined ? [] : [stopOf(record, { variant, why: whyBroken(broken) })];
  });
}

function guardrailsOf(expectations: Expectations | undefined, model: string): Guardrails {
  if (expectations === undefined) return {};
  const limits = limitsFor(expectations, model);
  const { predictedShareMin, atLeastShareMin, emptiedShareMax } = limits;
  return { predictedShareMin, atLeastShareMin, emptiedShareMax };
}

/** Without figures: the same command whenever it is found. */
const whyBroken = ({ of, limit }: GuardrailState): string =>
  'min' in limit
    ? `${of} are below ${percent(limit.min)} beyond doubt`
    : `${of} are above ${percent(limit.max)} beyond doubt`;

/** The same id for the same thing to stop, whoever finds it and how often. */
function stopOf(
  { definition, salt }: ExperimentRecord,
  { variant, why }: { readonly variant?: string; readonly why: string },
): Stop {
  const { experiment } = definition;
  const named = `guardrail/${experiment}/${variant ?? ''}/${salt ?? ''}`;
  const digest = createHash('sha256').update(named).digest('hex').slice(0, 32);
  const own = variant === undefined ? {} : { variant };
  return { commandId: `guardrail/${digest}`, experiment, ...own, why };
}

function metricsOf(
  figures: ExperimentFigures,
  { comparisons, srmP }: Verdict,
  { definition, atMs }: { readonly definition: ExperimentDefinition; readonly atMs: number },
): readonly MetricEvent[] {
  const { experiment, context } = definition;
  const labels = { experiment, context };
  const all = { srm_p: srmP, multiple: figures.multiple, late: figures.late };
  const ofVariants = figures.variants.map((one): MetricEvent => {
    const interval = comparisons.find(({ variant }) => variant === one.variant)?.relative;
    return {
      name: 'experiment',
      at: atMs,
      labels: { ...labels, variant: one.variant },
      values: {
        users: one.exposed,
        entered: one.outcome.n,
        exposures: one.answers.answers,
        ...(interval === null || interval === undefined
          ? {}
          : { low: interval.low, high: interval.high }),
      },
    };
  });
  return [{ name: 'experiment', at: atMs, labels, values: all }, ...ofVariants];
}
