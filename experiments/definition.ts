import { z } from 'zod';

import { canonicalJson, versionOf } from '../models/canonical.ts';
import { modelReference, name, type Parsed, parseDefinition } from '../models/definitions.ts';

const share = z.number().min(0).max(1);
const moment = z.iso.datetime({ offset: true });

/** Kinds of event that an outcome may be made of: each is counted by itself per user. */
export const outcomeKindsMax = 7;
/** What is kept to credit outcomes is bounded by this. */
export const creditHoursMax = 24 * 28;

export const variantSchema = z.strictObject({
  variant: name,
  /** Answers in place of the model of the experiment's step. */
  model: modelReference,
  /** Share of the experiment's users; those of all variants add up to 1. */
  weight: z.number().gt(0).max(1),
});
export type Variant = z.infer<typeof variantSchema>;

export const experimentSchema = z.strictObject({
  experiment: name,
  context: name,
  /** The step of the context's ladder whose model differs; left out: the first. */
  step: name.optional(),
  /** The first is the control: others are compared with it. */
  variants: z.array(variantSchema).min(2).max(8),
  /** Share of the layer's users who take part. */
  traffic: z.number().gt(0).max(1).default(1),
  /** A user takes part in at most one experiment of a layer. */
  layer: name.default('default'),
  /** Share of the layer's users who take part in none of its experiments, for as long as one runs. */
  holdout: z.number().min(0).max(0.5).default(0),
  /** `aa`: all variants are the same version, to see that nothing is found where nothing is. */
  mode: z.enum(['ab', 'aa']).default('ab'),
  outcome: z.strictObject({
    kinds: z.array(z.string().min(1).max(64)).min(1).max(outcomeKindsMax),
    /** Per user: whether there was any, how many there were, or the sum of their `value`. */
    measure: z.enum(['any', 'count', 'value']).default('count'),
    /** Hours from a user's first exposure within which an interaction is credited. */
    withinHours: z
      .number()
      .gt(0)
      .max(creditHoursMax)
      .default(7 * 24),
  }),
  /** Of claiming a difference where there is none, over all looks and comparisons together. */
  alpha: z.number().min(0.0001).max(0.2).default(0.05),
  /** The smallest relative difference worth finding: what the planned duration is reckoned by. */
  relativeEffect: z.number().gt(0).max(10).default(0.05),
  /** Only between these moments users take part. */
  startsAt: moment.optional(),
  endsAt: moment.optional(),
  /** A variant that breaks one beyond doubt is stopped; left out: what the context expects. */
  guardrails: z
    .strictObject({
      predictedShareMin: share.optional(),
      atLeastShareMin: share.optional(),
      emptiedShareMax: share.optional(),
    })
    .optional(),
});
export type ExperimentDefinition = z.infer<typeof experimentSchema>;
export type Guardrails = NonNullable<ExperimentDefinition['guardrails']>;

export type ExperimentState = 'draft' | 'running' | 'stopped' | 'decided';

/** From `from` until before `to`, of the buckets of a layer (assignment.ts). */
export type BucketRange = readonly [from: number, to: number];

export interface Decision {
  /** Null: no difference that would matter was found. */
  readonly winner: string | null;
  /** Who was better, by how much, with what certainty. */
  readonly sentence: string;
  /** The version of the context that the winner's model was promoted in; null: it was not. */
  readonly promoted: string | null;
}

/** What the topic `experiments` says of one experiment. */
export interface ExperimentRecord {
  /** With exact model versions and the step's name, from the start on. */
  readonly definition: ExperimentDefinition;
  readonly state: ExperimentState;
  /** What users are divided by; given at the start, the same ever after. */
  readonly salt: string | null;
  readonly ranges: readonly BucketRange[];
  /** The version of the context that it started with: it cannot change while it runs. */
  readonly contextVersion: string | null;
  readonly startedAtMs: number | null;
  readonly stoppedAtMs: number | null;
  /** Why it, or a variant, was stopped; in order. */
  readonly stops: readonly { readonly variant: string | null; readonly why: string }[];
  readonly decision: Decision | null;
}

export const draftOf = (definition: ExperimentDefinition): ExperimentRecord => ({
  definition,
  state: 'draft',
  salt: null,
  ranges: [],
  contextVersion: null,
  startedAtMs: null,
  stoppedAtMs: null,
  stops: [],
  decision: null,
});

export const experimentVersion = (
  record: ExperimentRecord,
): { readonly name: string; readonly version: string; readonly content: string } => {
  const { experiment } = record.definition;
  return {
    name: experiment,
    version: versionOf(experiment, record.definition),
    content: canonicalJson(record),
  };
};

const stored = z.object({
  definition: experimentSchema,
  state: z.enum(['draft', 'running', 'stopped', 'decided']),
  salt: z.string().nullable(),
  ranges: z.array(z.tuple([z.number(), z.number()])),
  contextVersion: z.string().nullable(),
  startedAtMs: z.number().nullable(),
  stoppedAtMs: z.number().nullable(),
  stops: z.array(z.object({ variant: z.string().nullable(), why: z.string() })),
  decision: z
    .object({
      winner: z.string().nullable(),
      sentence: z.string(),
      promoted: z.string().nullable(),
    })
    .nullable(),
});

/** A record of the topic, from its content. */
export const parseRecord = (content: string): Parsed<ExperimentRecord> =>
  parseDefinition(stored, content, () => []);

/** An experiment from its JSON; or every fault of it at once, one line each. */
export const parseExperiment = (content: string): Parsed<ExperimentDefinition> =>
  parseDefinition(experimentSchema, content, ({ variants, mode, outcome, startsAt, endsAt }) => {
    const names = variants.map(({ variant }) => variant);
    const sum = variants.reduce((total, { weight }) => total + weight, 0);
    const models = new Set(variants.map(({ model }) => model));
    return [
      ...twice('variants', names),
      ...twice('outcome.kinds', outcome.kinds),
      ...(Math.abs(sum - 1) > 1e-9
        ? [`variants: weights add up to ${Number(sum.toFixed(6))}, and must to 1`]
        : []),
      ...(mode === 'aa' && models.size > 1
        ? ["variants: an 'aa' experiment has one and the same model in all of them"]
        : []),
      ...(mode === 'ab' && models.size < variants.length
        ? ["variants: two have the same model; to compare a model with itself say mode 'aa'"]
        : []),
      ...(startsAt !== undefined &&
      endsAt !== undefined &&
      Date.parse(endsAt) <= Date.parse(startsAt)
        ? ['endsAt: is not after startsAt']
        : []),
    ];
  });

const twice = (field: string, names: readonly string[]): string[] =>
  names.flatMap((one, at) =>
    names.indexOf(one) < at ? [`${field}.${at}: '${one}' is there twice`] : [],
  );
