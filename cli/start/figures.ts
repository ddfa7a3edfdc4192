import type { MetricName } from '../../lib/telemetry/names.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What the processes said of themselves, added up. Counters of a process that ended still count. */
export class Figures {
  readonly #processes = new Map<string, readonly Sample[]>();

  /** Texts of /metrics by process. */
  take(texts: ReadonlyMap<string, string>): void {
    for (const [name, text] of texts) this.#processes.set(name, samplesOf(text));
  }

  sum(name: MetricName, labels: Labels = {}): number {
    let sum = 0;
    for (const sample of this.#all(name)) if (matches(sample, labels)) sum += sample.value;
    return sum;
  }

  /** Observations up to each upper bound. */
  buckets(name: MetricName): Map<number, number> {
    const buckets = new Map<number, number>();
    for (const { labels, value } of this.#all(`${name}_bucket`)) {
      const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
      buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    }
    return buckets;
  }

  *#all(name: string): Generator<Sample> {
    for (const samples of this.#processes.values()) {
      for (const sample of samples) if (sample.name === name) yield sample;
    }
  }
}

const matches = ({ labels }: Sample, wanted: Labels): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

export function samplesOf(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found === null) continue;
    const [, name = '', labelText = '', value] = found;
    const labels: Record<string, string> = {};
    for (const [, label = '', content = ''] of labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[label] = content;
    }
    samples.push({ name, labels, value: Number(value) });
  }
  return samples;
}

/**
 * The q-quantile of what was observed between two readings of a histogram, within a bucket by
 * straight interpolation. Null: nothing was observed.
 */
export function quantileBetween(
  q: number,
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number | null {
  const bounds = [...after.keys()].toSorted((a, b) => a - b);
  const upTo = (bound: number): number => (after.get(bound) ?? 0) - (before.get(bound) ?? 0);
  const wanted = q * upTo(Infinity);
  if (!(wanted > 0)) return null;
  let low = 0;
  let below = 0;
  for (const bound of bounds) {
    const count = upTo(bound);
    if (count >= wanted) {
      if (bound === Infinity) return low;
      return low + ((bound - low) * (wanted - below)) / (count - below);
    }
    low = bound;
    below = count;
  }
  return low;
}

/** The q-quantile of values: the smallest one that at least that share does not exceed. */
export function quantileOf(q: number, values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}
