import { expect, test } from 'vitest';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import { LabelBounds } from './label-bounds.ts';
import { countEvent } from './series.ts';

const start = (valuesMax = 200) => {
  const metrics = createMetrics({ processMetrics: false });
  const bounds = new LabelBounds(valuesMax, (label) =>
    metrics.add('freshet_series_limited_total', { label }),
  );
  const count = (event: Partial<MetricEvent>) =>
    countEvent({ name: 'answer', at: 0, labels: {}, values: {}, ...event }, { metrics, bounds });
  return { metrics, count };
};

const answer = (values: Record<string, number> = {}, labels: Record<string, string> = {}) => ({
  labels: {
    context: 'home-feed',
    status: 'ok',
    step: 'personal',
    model_version: 'co-visits@0123456789ab',
    ...labels,
  },
  values: { count: 1, items: 8, wanted: 10, at_least: 1, predicted: 1, emptied: 0, ...values },
});

test('an answer becomes series per context and model', async () => {
  const { metrics, count } = start();
  count(answer({ 'removed_not-seen': 4, age_seconds: 30 }));
  count(answer({ at_least: 0 }));
  const text = await metrics.text();
  const model = 'model="co-visits@0123456789ab"';
  expect(text).toContain('freshet_context_requests_total{context="home-feed",status="ok"} 2');
  expect(text).toContain(
    `freshet_context_answers_total{context="home-feed",step="personal",${model}} 2`,
  );
  expect(text).toContain(`freshet_context_at_least_total{context="home-feed",${model}} 1`);
  expect(text).toContain('freshet_context_removed_total{context="home-feed",rule="not-seen"} 4');
  expect(text).toContain(
    'freshet_context_interaction_age_seconds_bucket{le="60",context="home-feed"} 1',
  );
});

test('what rules did becomes series per context, model and rule', async () => {
  const { metrics, count } = start();
  const labels = { context: 'home-feed', model_version: 'co-visits@0123456789ab' };
  const values = { 'touched_not-seen': 6, 'removed_not-seen': 90, 'below_not-seen': 2 };
  count({ name: 'rules', labels, values: { count: 10, ...values } });
  const text = await metrics.text();
  const of = 'context="home-feed",model="co-visits@0123456789ab"';
  expect(text).toContain(`freshet_model_looked_at_total{${of}} 10`);
  const requests = `freshet_rule_requests_total{${of},rule="not-seen"`;
  expect(text).toContain(`${requests},effect="touched"} 6`);
  expect(text).toContain(`${requests},effect="below"} 2`);
  expect(text).toContain(`${requests},effect="emptied"} 0`);
  expect(text).toContain(`freshet_rule_removed_total{${of},rule="not-seen"} 90`);
  expect(text).not.toContain('rule="available"');
});

test('answers in an experiment are counted by variant', async () => {
  const { metrics, count } = start();
  count(answer({}, { experiment: 'nearer', variant: 'a' }));
  expect(await metrics.text()).toContain(
    'freshet_experiment_answers_total{context="home-feed",experiment="nearer",variant="a"} 1',
  );
});

test('refusals are counted together, and are no answers', async () => {
  const { metrics, count } = start();
  count({ labels: { context: 'none', status: 'invalid' }, values: { count: 40 } });
  const text = await metrics.text();
  expect(text).toContain('freshet_context_requests_total{context="none",status="invalid"} 40');
  expect(text).not.toContain('freshet_context_answers_total{');
});

test('what is no figure counts for nothing', async () => {
  const { metrics, count } = start();
  count(
    answer({ items: Number.NaN, wanted: -5, count: Number.POSITIVE_INFINITY, age_seconds: -1 }),
  );
  const text = await metrics.text();
  expect(text).not.toContain('NaN');
  expect(text).not.toContain('Inf}');
  expect(text).toContain('freshet_context_requests_total{context="home-feed",status="ok"} 0');
});

test('a label with too many values goes on as other', async () => {
  const { metrics, count } = start(2);
  for (const context of ['a', 'b', 'c', 'd', 'a']) count(answer({}, { context }));
  const text = await metrics.text();
  expect(text).toContain('freshet_context_requests_total{context="a",status="ok"} 2');
  expect(text).toContain('freshet_context_requests_total{context="other",status="ok"} 2');
  expect(text).toContain('freshet_series_limited_total{label="context"} 2');
});

test('an event of an unknown name is counted as such', async () => {
  const { metrics, count } = start();
  count({ name: 'something-new' });
  expect(await metrics.text()).toContain('freshet_metric_events_total{outcome="unknown_name"} 1');
});
