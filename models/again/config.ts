import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';

/** Nothing is learned: the profile says it all. */
export const learningSchema = z.strictObject({});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** Visits that an item needs before it is proposed; 1: every own item is. */
  visitsMin: z.number().int().min(1).max(200).default(1),
  /** After this long a visit counts half; null: visits never fade. */
  halfLifeDays: z.number().min(0.001).max(3_650).nullable().default(365),
  /** How fast what was visited a moment ago falls behind, as a power of the minutes since. */
  recentPower: z.number().min(0).max(4).default(1),
  /** How much of the score waits until the item is due by its own interval; the rest is recency. */
  dueShare: z.number().min(0).max(1).default(0.95),
  /** How sharply: 1 halves at half and at twice the interval, 2 quarters. */
  dueSharpness: z.number().min(0.1).max(8).default(1),
  /** What an interval is taken for before the item has shown its own, in days. */
  usualIntervalDays: z.number().min(0.001).max(3_650).default(30),
  /** In intervals: how many of an item's own outweigh the usual one. */
  usualWeight: z.number().min(0.01).max(100).default(1),
  /** By the item's newest visit. */
  typeWeights: typeWeightsSchema,
  /** Whether items of the session that is going on are left out. */
  excludeCurrentSession: z.boolean().default(false),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(50),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
