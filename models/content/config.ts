import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';

/** Nothing is learned of interactions: what items are about is on their own topic. */
export const learningSchema = z.strictObject({});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** How many of the user's last items are looked at. */
  recentItemsMax: z.number().int().min(1).max(50).default(10),
  /** How much less each earlier item counts than the one after it. */
  recentDecay: z.number().min(0.1).max(1).default(0.8),
  /** By the own item's newest visit. */
  typeWeights: typeWeightsSchema,
  /** BM25's b: how much many terms make an item less alike; 0: not at all. */
  lengthShare: z.number().min(0).max(1).default(0.75),
  /** Postings looked at per list; rare terms first, of each the newest items first. */
  postingsScannedMax: z.number().int().min(100).max(1_000_000).default(10_000),
  /** Whether items of the user's own are proposed too. */
  ownItems: z.boolean().default(false),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
