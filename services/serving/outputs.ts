import type { Assigned } from '../../experiments/catalogue.ts';
import type { LadderStep } from '../../models/definitions.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Answered } from './answer.ts';
import { type Accepted, type Refused, userOf } from './request.ts';

/** What an answer states beside its items: enough to judge it again later (`freshet verify`). */
export interface Basis {
  readonly seenOffset: number;
  readonly seenSinceMs: number | null;
  /** Offset of exposures up to which `served` had folded; -1: not asked. */
  readonly servedOffset: number;
  /** What rules compared items with, and its revisions. */
  readonly judgedWith: Readonly<Record<string, string>>;
  /** Token to ask for the next page with; null: there is none. */
  readonly nextPage: string | null;
  readonly candidatesOffset: number;
  readonly newestAtMs: number | null;
  readonly itemOffsets: readonly number[];
  readonly judgedAtMs: number;
  /** A personal list of the ladder was missing, or older than its model says. */
  readonly stale: boolean;
}

/** The same for a request answered twice: readers take the first. */
export const answerId = ({ partition, offset }: Pick<LogRecord, 'partition' | 'offset'>): string =>
  `requests-${partition}-${offset}`;

const noBasis = {
  seen_offset: -1,
  seen_since: null,
  served_offset: -1,
  candidates_offset: -1,
  item_offsets: [],
  newest_interaction_at: null,
  page: 0,
  next_page: null,
  judged_with: {},
};

export const refusal = (refused: Refused, atMs: number): Recommendation => ({
  answer_id: answerId(refused.record),
  status: refused.status,
  consent: refused.consent,
  reason: refused.reason,
  user_id: refused.userId,
  context_id: refused.contextId,
  context_version: refused.context?.version ?? null,
  model_version: null,
  experiment: null,
  variant: null,
  answered_by: 'none',
  items: [],
  held: [],
  removed: {},
  ...noBasis,
  judged_at: atMs,
  request_partition: refused.record.partition,
  request_offset: refused.record.offset,
});

export interface AnsweredRequest {
  readonly accepted: Accepted;
  /** The experiment that the user takes part in. */
  readonly assigned: Assigned | null;
  /** What was looked at: the context's ladder, or the variant's. */
  readonly ladder: readonly LadderStep[];
  readonly answered: Answered;
  readonly basis: Basis;
}

const stepOf = ({ ladder, answered }: AnsweredRequest) =>
  answered.step < 0 ? undefined : ladder[answered.step];

const armOf = ({ assigned }: AnsweredRequest) => ({
  experiment: assigned?.experiment ?? null,
  variant: assigned?.variant ?? null,
});

export const recommendation = (done: AnsweredRequest): Recommendation => {
  const { accepted, answered, basis } = done;
  const step = stepOf(done);
  return {
    answer_id: answerId(accepted.record),
    status: 'ok',
    consent: accepted.request.consent,
    reason: null,
    user_id: userOf(accepted.request),
    context_id: accepted.request.context_id,
    context_version: accepted.context.version,
    model_version: step?.model ?? null,
    ...armOf(done),
    answered_by: step?.step ?? 'none',
    items: answered.items.map(({ itemId, score, step: from }) => ({
      item_id: itemId,
      score,
      step: from,
    })),
    held: answered.held,
    removed: answered.removed as Record<string, number>,
    seen_offset: basis.seenOffset,
    seen_since: basis.seenSinceMs,
    served_offset: basis.servedOffset,
    candidates_offset: basis.candidatesOffset,
    item_offsets: basis.itemOffsets,
    judged_at: basis.judgedAtMs,
    newest_interaction_at: basis.newestAtMs,
    page: accepted.page?.page ?? 0,
    next_page: basis.nextPage,
    judged_with: basis.judgedWith,
    request_partition: accepted.record.partition,
    request_offset: accepted.record.offset,
  };
};

/** As many items as the context demands, or as were asked for. */
const isEnough = ({ accepted, answered }: AnsweredRequest): boolean =>
  answered.items.length >= Math.min(accepted.context.definition.atLeast, accepted.wanted);

/** Models proposed something, and rules left nothing of it. */
const isEmptied = ({ items, held }: Answered): boolean =>
  items.length === 0 && held.some((count) => count > 0);

/**
 * Null where nothing was shown, or the user did not consent to it being kept; but in an experiment it is said too, or the users whose variant
 * fails would be missing from its figures.
 */
export const exposure = (done: AnsweredRequest, lineage: string): Exposure | null => {
  const { accepted, answered, basis } = done;
  const step = stepOf(done);
  if (!accepted.request.consent) return null;
  if (step === undefined && done.assigned === null) return null;
  return {
    answer_id: answerId(accepted.record),
    user_id: accepted.request.user_id,
    context_id: accepted.request.context_id,
    context_version: accepted.context.version,
    model_version: step?.model ?? null,
    ...armOf(done),
    answered_by: step?.step ?? 'none',
    items: answered.items.map(({ itemId, propensity }) => ({
      item_id: itemId,
      propensity: propensity ?? null,
    })),
    served_at: basis.judgedAtMs,
    candidates_stale: basis.stale,
    wanted: accepted.wanted,
    page: accepted.page?.page ?? 0,
    predicted: answered.step === 0,
    enough: isEnough(done),
    emptied: isEmptied(answered),
    removed: answered.removed as Record<string, number>,
    credit_ms: done.assigned?.creditMs ?? null,
    outcome_kinds: done.assigned?.outcomeKinds ?? [],
    kind: 'answer',
    lineage,
    source_partition: accepted.record.partition,
    source_offset: accepted.record.offset,
  };
};

/** One metric event per answer: what `metrics` turns into series per context and model. */
export const answerMetric = (done: AnsweredRequest): MetricEvent => {
  const { accepted, answered, basis } = done;
  const { definition } = accepted.context;
  const step = stepOf(done);
  const items = answered.items.length;
  const values: Record<string, number> = {
    count: 1,
    items,
    wanted: accepted.wanted,
    at_least: isEnough(done) ? 1 : 0,
    emptied: isEmptied(answered) ? 1 : 0,
    predicted: answered.step === 0 ? 1 : 0,
    answer_ms: Math.max(0, basis.judgedAtMs - accepted.record.timestampMs),
  };
  for (const [rule, removed] of Object.entries(answered.removed))
    values[`removed_${rule}`] = removed;
  if (basis.newestAtMs !== null)
    values['age_seconds'] = Math.max(0, basis.judgedAtMs - basis.newestAtMs) / 1000;
  return {
    name: 'answer',
    at: basis.judgedAtMs,
    labels: {
      context: definition.context,
      status: 'ok',
      step: step?.step ?? 'none',
      model_version: step?.model ?? 'none',
      // A later page has what the first left: models are not held to it.
      ...(accepted.page === null ? { first_model: done.ladder[0]?.model ?? 'none' } : {}),
      ...(done.assigned === null
        ? {}
        : { experiment: done.assigned.experiment, variant: done.assigned.variant }),
    },
    values,
  };
};

/** Refusals of a batch, counted by context and status: a flood of them stays a few events. */
export const refusalMetrics = (refused: readonly Refused[], atMs: number): MetricEvent[] => {
  const counts = new Map<string, { labels: Record<string, string>; count: number }>();
  for (const { context, status } of refused) {
    // Only the name of a context that there is: the request's own word is unbounded.
    const name = context?.definition.context ?? 'none';
    const known = counts.get(`${name}|${status}`);
    if (known === undefined)
      counts.set(`${name}|${status}`, { labels: { context: name, status }, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()].map(({ labels, count }) => ({
    name: 'answer',
    at: atMs,
    labels,
    values: { count },
  }));
};
