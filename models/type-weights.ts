import { z } from 'zod';

/**
 * How much an event of a type counts. A type that is not named counts as `1`; one with weight 0
 * teaches nothing. Bounded so that no weight can leave the range of a 32-bit float.
 */
export const typeWeightsSchema = z
  .record(z.string().min(1).max(64), z.number().min(0).max(1000))
  .refine((weights) => Object.keys(weights).length <= 256, 'must name at most 256 types')
  .default({});

export type TypeWeights = z.infer<typeof typeWeightsSchema>;

export const weightOf = (weights: ReadonlyMap<string, number>, type: string): number =>
  weights.get(type) ?? 1;
