import { z } from 'zod';
import { slotsMax } from '../neighbours/actors.ts';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z.strictObject({
  /** The most recent users kept per item. */
  usersPerItemMax: z.number().int().min(10).max(2_000).default(500),
  /** Items kept per user: the last distinct ones. */
  itemsPerUserMax: z.number().int().min(2).max(200).default(50),
  /** Users kept in all. Fewer: only so many of the slots are learned from. */
  usersMax: z.number().int().min(1_024).max(slotsMax).default(slotsMax),
  typeWeights: typeWeightsSchema,
});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** How many of the user's last items are compared with other users' items. */
  recentItemsMax: z.number().int().min(1).max(50).default(10),
  /** The most recent users with an item in common that are compared. */
  comparedUsersMax: z.number().int().min(10).max(10_000).default(1_000),
  /** The most similar users whose items are candidates. */
  neighboursMax: z.number().int().min(1).max(1_000).default(200),
  /** How much less a user counts for each step that the newest item in common lies back. */
  positionDecay: z.number().min(0).max(1).default(0.1),
  /** Whether rare items count for more. */
  idf: z.boolean().default(false),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
