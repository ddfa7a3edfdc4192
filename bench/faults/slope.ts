export interface Sample {
  readonly hours: number;
  readonly value: number;
}

/** By how much the values grow per hour, by least squares; 0 of fewer than three samples. */
export function slopePerHour(samples: readonly Sample[]): number {
  if (samples.length < 3) return 0;
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const hours = mean((sample) => sample.hours);
  const value = mean((sample) => sample.value);
  let up = 0;
  let across = 0;
  for (const sample of samples) {
    up += (sample.hours - hours) * (sample.value - value);
    across += (sample.hours - hours) ** 2;
  }
  return across === 0 ? 0 : up / across;
}
