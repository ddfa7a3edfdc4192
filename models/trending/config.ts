import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z.strictObject({
  /** After this long an event counts half. */
  halfLifeHours: z.number().min(0.1).max(87_600).default(48),
  typeWeights: typeWeightsSchema,
  /** Items that each partition's ranking keeps; readers merge the partitions' rankings. */
  rankedItemsMax: z.number().int().min(10).max(5_000).default(200),
});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(200),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
