import { logBeta } from './distributions.ts';

/** One variant's users at first exposure, and the share of them that its weight asks for. */
export interface VariantCount {
  readonly users: number;
  readonly weight: number;
}

/**
 * Weights stated by the definition are as good as 1,000 users' worth of prior; the fewer, the
 * sooner a large mismatch is found and the later a small one.
 */
const concentration = 1_000;

/**
 * Whether users fell to the variants as they should have, valid whenever it is read: with the
 * weights true, it is ever at most alpha with probability alpha. From the counts alone.
 *
 * Lindon, Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022, section 3):
 * the Bayes factor of a Dirichlet mixture around the weights against the weights themselves is a
 * martingale under them; its inverse is p.
 */
export const sampleRatioP = (counts: readonly VariantCount[]): number => {
  const weights = counts.reduce((sum, { weight }) => sum + weight, 0);
  // The Dirichlet's normaliser, as a product of betas: B(a1, a2) B(a1 + a2, a3) ...
  let log = 0;
  let prior = 0;
  let users = 0;
  for (const count of counts) {
    const share = count.weight / weights;
    const mass = share * concentration;
    if (prior > 0) log += logBeta(prior + users, mass + count.users) - logBeta(prior, mass);
    prior += mass;
    users += count.users;
    log -= count.users * Math.log(share);
  }
  return Math.min(1, Math.exp(-log));
};
