import { qualityDeclarations } from './quality-names.ts';

/**
 * Every metric that a Freshet process may expose (those of answers stand in quality-names.ts): one
 * entry per name, with what it means, its unit in the name and its labels. A name or a label that
 * is not here does not compile, and the operator's list and the alert rules are checked against it.
 *
 * Labels are few and bounded: never a user, an item or an answer.
 */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[];
}

const latencySeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Close together where freshness usually lies: quantiles are read from these. */
const freshSeconds = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
  0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600,
];
const exampleBytes = [1_024, 4_096, 16_384, 32_768, 65_536, 131_072, 262_144];
const batchSizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

export const metricDeclarations = {
  freshet_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say which version of Freshet and of Node this process runs.',
    labels: ['version', 'node'],
  },

  // Folds (lib/stream).
  freshet_records_total: {
    type: 'counter',
    help: 'Records that a service has dealt with, by outcome: accepted, skipped or rejected.',
    labels: ['service', 'outcome'],
  },
  freshet_skipped_total: {
    type: 'counter',
    help: 'Records or units passed over, by fixed reason.',
    labels: ['service', 'reason'],
  },
  freshet_failed_events_total: {
    type: 'counter',
    help: 'Records set aside on failed-events, by fixed reason.',
    labels: ['service', 'reason'],
  },
  freshet_slices_total: {
    type: 'counter',
    help: 'Slices by result: applied, refused (another owner committed), restarted (the read was not at the expected offset) or retried (a dependency was away).',
    labels: ['service', 'result'],
  },
  freshet_slice_seconds: {
    type: 'histogram',
    help: 'Time from the read of a slice to its commit.',
    labels: ['service'],
    buckets: latencySeconds,
  },
  freshet_slice_records: {
    type: 'histogram',
    help: 'Records in one slice.',
    labels: ['service'],
    buckets: batchSizes,
  },
  freshet_units_total: {
    type: 'counter',
    help: 'What folds were given to fold: an event, a signal of a pack, a training example.',
    labels: ['service'],
  },
  freshet_emitted_total: {
    type: 'counter',
    help: 'Messages acknowledged by the broker, by target topic (without prefix).',
    labels: ['service', 'topic'],
  },
  freshet_partition_paused: {
    type: 'gauge',
    help: '1 while the partition waits for a dependency, else 0.',
    labels: ['service', 'partition'],
  },
  freshet_partition_stopped: {
    type: 'gauge',
    help: '1 while the partition is stopped (too much poison, or a bug); else there is none.',
    labels: ['service', 'partition'],
  },
  freshet_offset: {
    type: 'gauge',
    help: 'Next offset to fold, as committed with the state.',
    labels: ['service', 'topic', 'partition'],
  },
  freshet_lag_records: {
    type: 'gauge',
    help: 'Records between the next offset and the end of the log, as of the last fetch.',
    labels: ['service', 'topic', 'partition'],
  },
  freshet_candidates_freshness_seconds: {
    type: 'histogram',
    help: "From the append of an event until the write of its user's new candidates returned.",
    labels: [],
    buckets: freshSeconds,
  },
  freshet_candidate_lists_total: {
    type: 'counter',
    help: 'Candidate lists by result: written or outdated (a newer list was there).',
    labels: ['result'],
  },
  freshet_examples_total: {
    type: 'counter',
    help: 'Lists logged for training, by what became of them: opened, closed, outside (what the user did next was not among the candidates), learned_already, too_large, slice_full; enough_open and backlog (not logged: see services/candidates).',
    labels: ['result'],
  },
  freshet_open_example_bytes: {
    type: 'histogram',
    help: 'Bytes that a list logged for training takes until the user acts again.',
    labels: [],
    buckets: exampleBytes,
  },
  freshet_candidates_depth: {
    type: 'gauge',
    help: 'Candidates kept per user that the user does not have yet: the configured depth, or more where rules remove many.',
    labels: ['model'],
  },
  freshet_candidates_warming: {
    type: 'gauge',
    help: 'Users of the partitions of this process who may lack a list of this model version, which is being made for those active of late; 0: it is warm.',
    labels: ['model'],
  },
  freshet_candidates_deepened_total: {
    type: 'counter',
    help: 'Lists made longer than the configured depth, because the user has much of it already or rules remove many.',
    labels: ['model'],
  },
  freshet_weights_age_seconds: {
    type: 'gauge',
    help: 'Age in memory of the learned weights that lists were last ranked by.',
    labels: ['service'],
  },

  // Serving.
  freshet_requests_total: {
    type: 'counter',
    help: 'Requests answered, by the status of the answer.',
    labels: ['status'],
  },
  freshet_request_batch_size: {
    type: 'histogram',
    help: 'Requests answered with one read of Redis and one produce.',
    labels: [],
    buckets: batchSizes,
  },
  freshet_answer_seconds: {
    type: 'histogram',
    help: 'From the timestamp of a request until its answer was acknowledged by the broker.',
    labels: [],
    buckets: latencySeconds,
  },
  freshet_serving_stage_seconds: {
    type: 'histogram',
    help: 'Time spent per batch, by stage: decode, read, answer, send.',
    labels: ['stage'],
    buckets: latencySeconds,
  },
  freshet_replies_total: {
    type: 'counter',
    help: 'Answers to foreign reply topics by result: sent, failed, refused (not in the allow-list) or open (breaker).',
    labels: ['result'],
  },
  freshet_reply_breakers_open: {
    type: 'gauge',
    help: 'Foreign reply topics that are not being sent to at present.',
    labels: [],
  },
  freshet_definitions: {
    type: 'gauge',
    help: 'Definitions in memory, by kind: contexts, models, experiments, items.',
    labels: ['kind'],
  },
  freshet_definitions_repaired_total: {
    type: 'counter',
    help: 'Definitions that control published again, or asked to restate, because of what stood after them.',
    labels: ['topic'],
  },
  freshet_definitions_refused_total: {
    type: 'counter',
    help: 'Records on contexts, models or items that could not be used.',
    labels: ['topic', 'reason'],
  },

  ...qualityDeclarations,
} as const satisfies Record<string, MetricDeclaration>;

type Declarations = typeof metricDeclarations;
export type MetricName = keyof Declarations;
type NamesOf<Type extends MetricDeclaration['type']> = {
  [Name in MetricName]: Declarations[Name]['type'] extends Type ? Name : never;
}[MetricName];

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<Declarations[Name]['labels'][number], string>
>;
