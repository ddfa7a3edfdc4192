import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { metricDeclarations } from './names.ts';

const plain = () => createMetrics({ processMetrics: false });

test('a counter, a gauge and a histogram appear under their declared names', async () => {
  const metrics = plain();
  metrics.add('freshet_records_total', { service: 'ingest', outcome: 'accepted' }, 3);
  metrics.set('freshet_partition_paused', { service: 'ingest', partition: '2' }, 1);
  metrics.observe('freshet_slice_seconds', { service: 'ingest' }, 0.02);
  const text = await metrics.text();
  expect(text).toContain('freshet_records_total{service="ingest",outcome="accepted"} 3');
  expect(text).toContain('freshet_partition_paused{service="ingest",partition="2"} 1');
  expect(text).toContain('freshet_slice_seconds_count{service="ingest"} 1');
});

test('a forgotten series is gone', async () => {
  const metrics = plain();
  metrics.set('freshet_partition_paused', { service: 'ingest', partition: '2' }, 1);
  metrics.forget('freshet_partition_paused', { service: 'ingest', partition: '2' });
  expect(await metrics.text()).not.toContain('partition="2"');
});

test('two sets of metrics in one process do not share figures', async () => {
  const [one, other] = [plain(), plain()];
  one.add('freshet_requests_total', { status: 'ok' });
  expect(await other.text()).not.toContain('status="ok"');
});

test('an undeclared name or label does not compile', () => {
  const metrics = plain();
  // @ts-expect-error no such name
  expect(() => metrics.add('freshet_nonsense_total', {})).toThrow();
  // @ts-expect-error `service` is missing
  metrics.add('freshet_skipped_total', { reason: 'duplicate' });
});

test('names carry the prefix and their unit, and no label names a user, an item or an answer', () => {
  for (const [name, declared] of Object.entries(metricDeclarations)) {
    expect(name).toMatch(/^freshet_[a-z_]+$/);
    if (declared.type === 'counter') expect(name).toMatch(/_total$/);
    for (const label of declared.labels as readonly string[]) {
      expect(['user', 'user_id', 'item', 'item_id', 'answer_id']).not.toContain(label);
    }
  }
});
