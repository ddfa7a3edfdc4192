import betaln from '@stdlib/math-base-special-betaln';
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import cdf from '@stdlib/stats-base-dists-normal-cdf';
import quantile from '@stdlib/stats-base-dists-normal-quantile';

/** The few functions that are taken from elsewhere. They take 0.2 s to load: load them lazily. */

export const normalCdf = (z: number): number => cdf(z, 0, 1);

export const normalQuantile = (share: number): number => quantile(share, 0, 1);

/** Logarithm of the beta function. */
export const logBeta = (a: number, b: number): number => betaln(a, b);

/** Logarithm of the regularised incomplete beta function: how likely a beta variable is below. */
export const logBetaBelow = (share: number, a: number, b: number): number =>
  Math.log(betaCdf(share, a, b));
