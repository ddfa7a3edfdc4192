import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type {
  CounterName,
  GaugeName,
  HistogramName,
  LabelsOf,
  MetricDeclaration,
  MetricName,
} from './names.ts';
import { metricDeclarations } from './names.ts';

/** The figures of one process. Names and labels are declared in names.ts; others do not compile. */
export interface Metrics {
  /** Counts up. */
  add<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, amount?: number): void;
  /** Sets a figure that goes up and down. */
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Adds to a distribution. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Forgets one series: a partition that this process no longer owns, say. */
  forget<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): void;
  /** What is there now, in Prometheus's text form. */
  text(): Promise<string>;
  readonly contentType: string;
}

type Series = Counter | Gauge | Histogram;

const createSeries = (name: string, declared: MetricDeclaration, registry: Registry): Series => {
  const common = {
    name,
    help: declared.help,
    labelNames: [...declared.labels],
    registers: [registry],
  };
  if (declared.type === 'counter') return new Counter(common);
  if (declared.type === 'gauge') return new Gauge(common);
  return new Histogram({
    ...common,
    ...(declared.buckets ? { buckets: [...declared.buckets] } : {}),
  });
};

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/**
 * One per process. `processMetrics`: memory, CPU and event-loop delay too, under the same prefix
 * (left out in tests, where they keep observers alive).
 */
export const createMetrics = (options: { processMetrics?: boolean } = {}): Metrics => {
  const registry = new Registry();
  if (options.processMetrics ?? true)
    collectDefaultMetrics({ register: registry, prefix: 'freshet_' });
  const series = new Map<string, Series>();
  for (const [name, declared] of Object.entries(metricDeclarations)) {
    series.set(name, createSeries(name, declared, registry));
  }
  (series.get('freshet_build_info') as Gauge).set({ version, node: process.version }, 1);
  return {
    add: (name, labels, amount = 1) => (series.get(name) as Counter).inc(labels, amount),
    set: (name, labels, value) => (series.get(name) as Gauge).set(labels, value),
    observe: (name, labels, value) => (series.get(name) as Histogram).observe(labels, value),
    forget: (name, labels) => series.get(name)?.remove(labels),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
