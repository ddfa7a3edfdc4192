import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';
import { distanceMask } from '../visits.ts';

export const learningSchema = z.strictObject({
  /** After this long a visit counts half; null: visits never fade. */
  halfLifeDays: z.number().min(0.01).max(3_650).nullable().default(60),
  typeWeights: typeWeightsSchema,
  /** Neighbours kept per item. */
  neighboursMax: z.number().int().min(8).max(1_000).default(150),
  /** Whether a user's return to an item makes the item its own neighbour (a repeat purchase). */
  repeats: z.boolean().default(true),
  /** Which pairs count: all of a user's recent items, or those of one session alone (a basket). */
  within: z.enum(['history', 'session']).default('history'),
  /** `after`: only pairs whose other item came after the row's: what people go on to. */
  direction: z.enum(['both', 'after']).default('both'),
  /** Pairs that lie more steps apart are left out; 63: none are. */
  distanceMax: z.number().int().min(1).max(distanceMask).default(distanceMask),
  /** A pair so many steps further apart than neighbours in time counts half; null: all alike. */
  distanceHalf: z.number().min(0.1).max(1_000).nullable().default(null),
});
export type Learning = z.infer<typeof learningSchema>;

const dayMs = 86_400_000;

/** Time in half-lives, the unit of forward decay; 0 for all where nothing fades. */
export const halfLives = (learning: Learning, atMs: number): number =>
  learning.halfLifeDays === null ? 0 : atMs / (learning.halfLifeDays * dayMs);

export const retrievalSchema = z.strictObject({
  /** How many of the user's last items are asked for their neighbours. */
  recentItemsMax: z.number().int().min(1).max(50).default(10),
  /** How much less each earlier item counts than the one after it. */
  recentDecay: z.number().min(0.1).max(1).default(0.8),
  /** Added to the cosine's denominator, in present visits: keeps rare pairs from winning by luck. */
  shrink: z.number().min(0).max(10_000).default(10),
  /** Neighbours that get an exact score; more are cut by an estimate first. */
  scoredItemsMax: z.number().int().min(10).max(2_000).default(150),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
