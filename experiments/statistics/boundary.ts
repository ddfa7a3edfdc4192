/**
 * How far from nothing a difference must be, in standard errors, so that looking at it after every
 * user, for ever, finds one where there is none with probability alpha at most.
 *
 * The normal mixture of Robbins (Ann. Math. Stat. 41, 1970, eq. 17), as the asymptotic confidence
 * sequence of Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
 * asymptotic confidence sequences" (Annals of Statistics 52, 2024, theorem 2.2; arXiv 2103.06476)
 * uses it with an estimated variance: with z the difference in standard errors after n users,
 *
 *   M(n, z) = sum over k of w_k (1 + n r_k)^(-1/2) exp(z^2 n r_k / (2 (1 + n r_k)))
 *
 * is a non-negative martingale that starts at 1 where there is no difference, so by Ville's
 * inequality it ever reaches 1/alpha with probability alpha. One r (rho^2) is best at one number of
 * users and wasteful far from it; a weighted mean of such martingales is one again. Most weight is
 * on the planned number, some on a tenth and a hundredth of it: 4 % wider at the plan, half as wide
 * at a hundredth.
 */

/** Of both variants of a comparison; said before the start, never made from what was seen. */
export interface Tuning {
  readonly users: number;
}

const scales = [
  { of: 1, weight: 0.6 },
  { of: 0.1, weight: 0.2 },
  { of: 0.01, weight: 0.2 },
] as const;

/** Narrowest at this many users (same paper, appendix B.2, with its approximation of W_-1). */
const rhoSquaredFor = (users: number, alpha: number): number => {
  const level = -2 * Math.log(alpha);
  return (level + Math.log(level) + 1) / users;
};

interface Component {
  readonly logWeight: number;
  readonly rhoSquared: number;
}

/** For a level and a plan: evidence at n users, and the bound that it must pass. */
export class Boundary {
  readonly alpha: number;
  readonly #components: readonly Component[];

  constructor(alpha: number, { users }: Tuning) {
    if (!(alpha > 0 && alpha < 1)) throw new Error(`alpha must be between 0 and 1, not ${alpha}`);
    if (!(users > 0)) throw new Error(`a plan needs users, not ${users}`);
    this.alpha = alpha;
    this.#components = scales.map(({ of, weight }) => ({
      logWeight: Math.log(weight),
      rhoSquared: rhoSquaredFor(users * of, alpha),
    }));
  }

  /** Log of M: how much more likely a difference made what was seen. */
  logEvidence(n: number, zSquared: number): number {
    return this.#evidence(n, zSquared).log;
  }

  /** With its derivative by z squared. */
  #evidence(n: number, zSquared: number): { readonly log: number; readonly slope: number } {
    const parts = this.#components.map(({ logWeight, rhoSquared }) => {
      const more = n * rhoSquared;
      const slope = more / (2 * (1 + more));
      return { log: logWeight - Math.log1p(more) / 2 + zSquared * slope, slope };
    });
    const most = Math.max(...parts.map(({ log }) => log));
    let sum = 0;
    let slopes = 0;
    for (const { log, slope } of parts) {
      sum += Math.exp(log - most);
      slopes += Math.exp(log - most) * slope;
    }
    return { log: most + Math.log(sum), slope: slopes / sum };
  }

  /** Valid whenever it is read: at most alpha with probability alpha, ever. */
  p(n: number, zSquared: number): number {
    return Math.min(1, Math.exp(-this.logEvidence(n, zSquared)));
  }

  /** The half width of an interval after n users, in standard errors. */
  width(n: number): number {
    if (!(n > 0)) return Infinity;
    const needed = -Math.log(this.alpha);
    // Each component alone reaches the level later than all together.
    let high = Math.min(
      ...this.#components.map(({ logWeight, rhoSquared }) => {
        const more = n * rhoSquared;
        return (2 * (1 + more) * (needed - logWeight + Math.log1p(more) / 2)) / more;
      }),
    );
    // Convex and rising: Newton's steps from above never overshoot.
    for (let step = 0; step < 50; step++) {
      const { log, slope } = this.#evidence(n, high);
      const lower = high - (log - needed) / slope;
      if (!(lower < high * (1 - 1e-13))) break;
      high = lower;
    }
    return Math.sqrt(high);
  }
}
