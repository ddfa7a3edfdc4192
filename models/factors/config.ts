import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z.strictObject({
  /** Numbers per item: more tell more items apart, and cost memory and time in proportion. */
  dimensions: z.number().int().min(16).max(512).multipleOf(16).default(64),
  /** After this long what an item was visited with counts half; null: it never fades. */
  halfLifeDays: z.number().min(0.01).max(3_650).nullable().default(60),
  /** A pair so many steps further apart than neighbours in time counts half; null: all alike. */
  distanceHalf: z.number().min(0.1).max(1_000).nullable().default(5),
  /** How much a visit counts towards the item's own direction, which every other visit with it sees. */
  selfWeight: z.number().min(0).max(100).default(0.3),
  typeWeights: typeWeightsSchema,
  /** Items that each partition's ranking keeps: what candidates are taken from. */
  rankedItemsMax: z.number().int().min(10).max(5_000).default(500),
  /** After this long a visit counts half in that ranking; null: it never fades. */
  rankedHalfLifeHours: z.number().min(0.1).max(87_600).nullable().default(168),
});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** How many of the user's last items make up the user's factor. */
  recentItemsMax: z.number().int().min(1).max(50).default(10),
  /** How much less each earlier item counts than the one after it. */
  recentDecay: z.number().min(0.1).max(1).default(0.8),
  /** Ranked items, of all partitions together, whose factors are compared. */
  comparedItemsMax: z.number().int().min(10).max(5_000).default(1_000),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
