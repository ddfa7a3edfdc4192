import { z } from 'zod';

import { externalItemsMax, listOfSource } from '../../schemas/packed/external-candidates.ts';
import type { Candidate, ModelKind, Profile } from '../model.ts';
import { oneSource } from '../one-source.ts';

const learningSchema = z.strictObject({});
type Learning = z.infer<typeof learningSchema>;

const retrievalSchema = z.strictObject({
  /** Whose lists: as the records on the topic name it. */
  source: z.string().min(1).max(64).default('external'),
  /** A list is passed over once the user did something so long after it; null: never. */
  ageHoursMax: z.number().min(0.1).max(87_600).nullable().default(null),
  /** Candidates in the list. */
  depth: z.number().int().min(1).max(externalItemsMax).default(100),
});
type Retrieval = z.infer<typeof retrievalSchema>;

const hourMs = 3_600_000;

const listOf = (
  bytes: Buffer | undefined,
  profile: Profile,
  { source, ageHoursMax, depth }: Retrieval,
): readonly Candidate[] => {
  const list = bytes === undefined ? null : listOfSource(bytes, source);
  if (list === null) return [];
  const { computedAtMs, items } = list;
  if (ageHoursMax !== null && profile.atMs - computedAtMs > ageHoursMax * hourMs) return [];
  return items.slice(0, depth);
};

/** Lists that another process publishes, as they are. */
export const external: ModelKind<Learning, Retrieval> = {
  kind: 'external',
  revision: 1,
  source: 'None of its own: another process publishes the lists',
  learningSchema,
  retrievalSchema,
  userSide: null,
  itemSide: () => {
    throw new Error('external: nothing is learned');
  },
  weights: null,
  retrieval: (learning, config) =>
    oneSource(
      { kind: 'external', learning, headBytes: 1, userFold: 'external' },
      {
        wants: ({ userId }) => [userId],
        figures: () => [],
        rank: (profile, rows) => listOf(rows.get(profile.userId), profile, config),
      },
    ),
};
