import { z } from 'zod';
import { slotsMax } from '../neighbours/actors.ts';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z.strictObject({
  /** The most recent sessions kept per item. */
  sessionsPerItemMax: z.number().int().min(10).max(2_000).default(500),
  /** Items kept per session: the last distinct ones. */
  itemsPerSessionMax: z.number().int().min(2).max(200).default(50),
  /** Sessions kept in all. Fewer: only so many of the slots are learned from. */
  sessionsMax: z.number().int().min(1_024).max(slotsMax).default(slotsMax),
  typeWeights: typeWeightsSchema,
});
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** How many of the session's last items are compared with other sessions. */
  recentItemsMax: z.number().int().min(1).max(50).default(10),
  /** Whether items of the user's earlier sessions count too. */
  history: z.boolean().default(false),
  /** The most recent sessions with an item in common that are compared. */
  comparedSessionsMax: z.number().int().min(10).max(10_000).default(500),
  /** The most similar sessions whose items are candidates. */
  neighboursMax: z.number().int().min(1).max(1_000).default(100),
  /** How much less a session counts for each step that its newest item in common lies back. */
  positionDecay: z.number().min(0).max(1).default(0.1),
  /** Whether rare items count for more. */
  idf: z.boolean().default(false),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
