import { z } from 'zod';
import { typeWeightsSchema } from '../type-weights.ts';

export const learningSchema = z
  .strictObject({
    /** `weight`: by how much happens. `first-seen`: newest items first, by their first event. */
    by: z.enum(['weight', 'first-seen']).default('weight'),
    /** After this long an event counts half; null: events never fade. */
    halfLifeHours: z.number().min(0.1).max(87_600).nullable().default(48),
    /** Events count in full for so long and then not at all, and the half-life has no say. */
    windowHours: z.number().min(1).max(87_600).nullable().default(null),
    /** Items with fewer events are not ranked. */
    eventsMin: z.number().int().min(1).max(10_000).default(1),
    typeWeights: typeWeightsSchema,
    /** Items that each partition's ranking keeps; readers merge the partitions' rankings. */
    rankedItemsMax: z.number().int().min(10).max(5_000).default(200),
  })
  .refine(({ by, windowHours }) => by === 'weight' || windowHours === null, {
    path: ['windowHours'],
    message: "must be null where items are ranked by 'first-seen'",
  });
export type Learning = z.infer<typeof learningSchema>;

export const retrievalSchema = z.strictObject({
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(1_000).default(200),
});
export type Retrieval = z.infer<typeof retrievalSchema>;
