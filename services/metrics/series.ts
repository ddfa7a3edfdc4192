import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { ruleNames } from '../../models/rules.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { LabelBounds } from './label-bounds.ts';

type Count = (event: MetricEvent, series: Series) => void;

export interface Series {
  readonly metrics: Pick<Metrics, 'add' | 'observe' | 'set'>;
  readonly bounds: LabelBounds;
}

/** A sum of one event: more than that is no figure of ours. */
const amountMax = 1e9;

/** A value that counts: finite, not negative, not absurd. Others count as not said. */
const amount = (event: MetricEvent, name: string): number => {
  const value = event.values[name];
  return value !== undefined && value >= 0 && value <= amountMax ? value : 0;
};

/**
 * An answer, or a number of refusals: see services/serving. `count` requests are behind it; the
 * shares that operators read are ratios of these counters.
 */
const countAnswer: Count = (event, { metrics, bounds }) => {
  const label = (name: string): string => bounds.value(name, event.labels[name] ?? 'none');
  const context = label('context');
  const status = label('status');
  metrics.add('freshet_context_requests_total', { context, status }, amount(event, 'count'));
  if (status !== 'ok') return;
  if (event.labels['experiment'] !== undefined)
    metrics.add(
      'freshet_experiment_answers_total',
      { context, experiment: label('experiment'), variant: label('variant') },
      amount(event, 'count'),
    );
  const model = label('model_version');
  const step = label('step');
  metrics.add('freshet_context_answers_total', { context, step, model }, amount(event, 'count'));
  metrics.add('freshet_context_at_least_total', { context, model }, amount(event, 'at_least'));
  metrics.add('freshet_context_predicted_total', { context, model }, amount(event, 'predicted'));
  metrics.add('freshet_context_items_total', { context, model }, amount(event, 'items'));
  metrics.add('freshet_context_wanted_total', { context, model }, amount(event, 'wanted'));
  metrics.add('freshet_context_emptied_total', { context }, amount(event, 'emptied'));
  for (const rule of ruleNames)
    metrics.add(
      'freshet_context_removed_total',
      { context, rule },
      amount(event, `removed_${rule}`),
    );
  if (event.values['age_seconds'] !== undefined)
    metrics.observe(
      'freshet_context_interaction_age_seconds',
      { context },
      amount(event, 'age_seconds'),
    );
};

/** What rules did to one model's candidates in a number of requests. */
const countRules: Count = (event, { metrics, bounds }) => {
  const label = (name: string): string => bounds.value(name, event.labels[name] ?? 'none');
  const of = { context: label('context'), model: label('model_version') };
  metrics.add('freshet_model_looked_at_total', of, amount(event, 'count'));
  for (const rule of ruleNames) {
    if (event.values[`touched_${rule}`] === undefined) continue;
    for (const effect of ['touched', 'below', 'emptied'])
      metrics.add(
        'freshet_rule_requests_total',
        { ...of, rule, effect },
        amount(event, `${effect}_${rule}`),
      );
    metrics.add('freshet_rule_removed_total', { ...of, rule }, amount(event, `removed_${rule}`));
  }
};

/** How a running experiment stands: see services/experiments. */
const setExperiment: Count = (event, { metrics, bounds }) => {
  const label = (name: string): string => bounds.value(name, event.labels[name] ?? 'none');
  const experiment = label('experiment');
  const { srm_p: ratio, low, high } = event.values;
  if (ratio !== undefined) {
    metrics.set('freshet_experiment_srm_p', { experiment }, amount(event, 'srm_p'));
    metrics.set('freshet_experiment_multiple_users', { experiment }, amount(event, 'multiple'));
    metrics.set('freshet_experiment_late_interactions', { experiment }, amount(event, 'late'));
    return;
  }
  const of = { experiment, variant: label('variant') };
  metrics.set('freshet_experiment_users', of, amount(event, 'users'));
  metrics.set('freshet_experiment_entered_users', of, amount(event, 'entered'));
  metrics.set('freshet_experiment_exposures', of, amount(event, 'exposures'));
  for (const [bound, value] of Object.entries({ low, high }))
    if (value !== undefined && Number.isFinite(value))
      metrics.set('freshet_experiment_interval', { ...of, bound }, value);
};

/** What each name of a metric event becomes. Adding one is one line here. */
const counted: ReadonlyMap<string, Count> = new Map([
  ['answer', countAnswer],
  ['rules', countRules],
  ['experiment', setExperiment],
]);

export const countEvent = (event: MetricEvent, series: Series): void => {
  const count = counted.get(event.name);
  if (count === undefined) {
    series.metrics.add('freshet_metric_events_total', { outcome: 'unknown_name' });
    return;
  }
  count(event, series);
  series.metrics.add('freshet_metric_events_total', { outcome: 'counted' });
};
