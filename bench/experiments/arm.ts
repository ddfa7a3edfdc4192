import type { Sums } from '../../experiments/statistics/sums.ts';

/** Sums that grow in place: tens of millions of users go through. */
export class Arm implements Sums {
  n = 0;
  y = 0;
  yy = 0;
  x = 0;
  xx = 0;
  xy = 0;

  add(y: number, x = 0): void {
    this.n++;
    this.y += y;
    this.yy += y * y;
    this.x += x;
    this.xx += x * x;
    this.xy += x * y;
  }
}

export const ratio = (part: number, whole: number): number =>
  Number((part / Math.max(1, whole)).toFixed(4));

export const quantileOf = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.max(0, Math.ceil(values.length * share) - 1))
  ] ?? NaN;

export const meanOfAll = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
