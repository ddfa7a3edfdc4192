export interface Sample {
  readonly hours: number;
  readonly value: number;
}

const meanOf = (samples: readonly Sample[], of: (sample: Sample) => number): number =>
  samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;

/**
 * By how much values grow per hour where several lines share one slope and each has a level of its
 * own: least squares within the lines (the within-group estimator). A short line says little about
 * a slope: evenly sampled it counts by the cube of its length. 0 of lines without two moments.
 */
export function commonSlopePerHour(lines: readonly (readonly Sample[])[]): number {
  let up = 0;
  let across = 0;
  for (const line of lines) {
    const hours = meanOf(line, (sample) => sample.hours);
    const value = meanOf(line, (sample) => sample.value);
    for (const sample of line) {
      up += (sample.hours - hours) * (sample.value - value);
      across += (sample.hours - hours) ** 2;
    }
  }
  return across === 0 ? 0 : up / across;
}
