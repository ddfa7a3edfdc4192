import { z } from 'zod';

import { partSchema } from '../raw.ts';
import { diversitySchema, explorationSchema } from '../rearrange.ts';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z.strictObject({
  typeWeights: typeWeightsSchema,
  /** Neighbours kept per item. */
  neighboursMax: z.number().int().min(8).max(1_000).default(300),
  /** Pairs further apart than this many of the user's items teach nothing. */
  distanceMax: z.number().int().min(1).max(50).default(10),
  /** Items kept per partition and rung of popularity. */
  rankedItemsMax: z.number().int().min(10).max(500).default(60),
});
export type Learning = z.infer<typeof learningSchema>;

const extraSchema = z.strictObject({
  /** What its features and explanations are called. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower case letters, digits and -'),
  kind: z.string(),
  learning: partSchema.default({}),
  retrieval: partSchema.default({}),
});
export type Extra = z.infer<typeof extraSchema>;
export const extrasSchema = z.array(extraSchema).max(8);

export const retrievalSchema = z.strictObject({
  /** How many of the user's last items are asked for their neighbours. */
  recentItemsMax: z.number().int().min(1).max(50).default(20),
  /** Candidates that get all features. */
  unionMax: z.number().int().min(50).max(1_000).default(300),
  /** Share of users whose lists train the weights; at first all do. 0: nobody's. */
  trainingShare: z.number().min(0).max(1).default(0.05),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(100),
  diversity: diversitySchema.prefault({}),
  exploration: explorationSchema.prefault({}),
  /** Models of other kinds whose candidates are ranked along. */
  sources: extrasSchema.default([]),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
