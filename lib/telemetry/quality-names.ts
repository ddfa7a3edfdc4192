import type { MetricDeclaration } from './names.ts';

/** From a second to two years: how long ago the user last did something. */
const interactionAgeSeconds = [
  1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 7_776_000, 31_536_000, 63_072_000,
];

/** Of answers, from metric events (services/metrics). */
export const qualityDeclarations = {
  freshet_context_requests_total: {
    type: 'counter',
    help: 'Requests per context, by the status of the answer.',
    labels: ['context', 'status'],
  },
  freshet_context_answers_total: {
    type: 'counter',
    help: 'Answers with status ok per context, by the ladder step and model version that answered (none: no item).',
    labels: ['context', 'step', 'model'],
  },
  freshet_context_at_least_total: {
    type: 'counter',
    help: 'Answers that held at least as many items as the context expects.',
    labels: ['context', 'model'],
  },
  freshet_context_predicted_total: {
    type: 'counter',
    help: 'Answers whose first item came from the first step of the ladder.',
    labels: ['context', 'model'],
  },
  freshet_context_items_total: {
    type: 'counter',
    help: 'Items answered with.',
    labels: ['context', 'model'],
  },
  freshet_context_wanted_total: {
    type: 'counter',
    help: 'Items asked for.',
    labels: ['context', 'model'],
  },
  freshet_context_removed_total: {
    type: 'counter',
    help: 'Candidates that a rule removed.',
    labels: ['context', 'rule'],
  },
  freshet_context_emptied_total: {
    type: 'counter',
    help: 'Answers left without an item by the rules, though there were candidates.',
    labels: ['context'],
  },
  freshet_context_interaction_age_seconds: {
    type: 'histogram',
    help: 'Age of the newest interaction behind an answer, when the rules were judged.',
    labels: ['context'],
    buckets: interactionAgeSeconds,
  },
  freshet_model_looked_at_total: {
    type: 'counter',
    help: "Requests for which a model's candidates were looked at, whichever step answered.",
    labels: ['context', 'model'],
  },
  freshet_rule_requests_total: {
    type: 'counter',
    help: 'Of these, by effect of one rule: touched (it removed any), below (without it alone the step would have held as many items as the context demands) or emptied (without it alone the step would have held an item).',
    labels: ['context', 'model', 'rule', 'effect'],
  },
  freshet_rule_removed_total: {
    type: 'counter',
    help: "Of a model's candidates, those that a rule removed.",
    labels: ['context', 'model', 'rule'],
  },
  freshet_experiment_answers_total: {
    type: 'counter',
    help: 'Answers to users who take part in an experiment, or in the holdout of its layer.',
    labels: ['context', 'experiment', 'variant'],
  },
  freshet_experiment_users: {
    type: 'gauge',
    help: 'Users who were served an answer in a running experiment.',
    labels: ['experiment', 'variant'],
  },
  freshet_experiment_entered_users: {
    type: 'gauge',
    help: 'Of these, users whose time for outcomes is over: those in the statistic.',
    labels: ['experiment', 'variant'],
  },
  freshet_experiment_exposures: {
    type: 'gauge',
    help: 'Answers served in a running experiment.',
    labels: ['experiment', 'variant'],
  },
  freshet_experiment_interval: {
    type: 'gauge',
    help: 'Relative difference to the control, an interval that holds whenever it is looked at; bound: low or high.',
    labels: ['experiment', 'variant', 'bound'],
  },
  freshet_experiment_srm_p: {
    type: 'gauge',
    help: 'How likely users fall to the variants like this by chance, valid whenever it is looked at.',
    labels: ['experiment'],
  },
  freshet_experiment_multiple_users: {
    type: 'gauge',
    help: 'Users who saw more than one variant, and are counted in none.',
    labels: ['experiment'],
  },
  freshet_experiment_late_interactions: {
    type: 'gauge',
    help: 'Interactions that came after the time in which they would have been counted.',
    labels: ['experiment'],
  },
  freshet_expectation_value: {
    type: 'gauge',
    help: 'Over a window of answers, what a context expects something of; ages and times are 95th percentiles.',
    labels: ['context', 'model', 'expectation', 'window'],
  },
  freshet_expectation_limit: {
    type: 'gauge',
    help: 'What the context demands, for this model.',
    labels: ['context', 'model', 'expectation', 'window'],
  },
  freshet_expectation_broken: {
    type: 'gauge',
    help: '1 while the figure of the window is beyond its limit, else 0 (also with too few answers to say).',
    labels: ['context', 'model', 'expectation', 'window'],
  },
  freshet_expectation_answers: {
    type: 'gauge',
    help: 'Answers in the window.',
    labels: ['context', 'model', 'window'],
  },
  freshet_metric_events_total: {
    type: 'counter',
    help: 'Metric events by outcome: counted, unknown_name, or why one could not be used.',
    labels: ['outcome'],
  },
  freshet_series_limited_total: {
    type: 'counter',
    help: "Metric events counted under 'other' because a label had too many values.",
    labels: ['label'],
  },
} as const satisfies Record<string, MetricDeclaration>;
