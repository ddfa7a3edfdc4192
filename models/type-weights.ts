import { z } from 'zod';

import { entriesOf, fieldsOf } from './raw.ts';

/**
 * How much an event of a type counts. A type that is not named counts as `1`; one with weight 0
 * teaches nothing. Bounded so that no weight can leave the range of a 32-bit float.
 */
export const typeWeightsSchema = z
  .record(z.string().min(1).max(64), z.number().min(0).max(1000))
  .refine((weights) => Object.keys(weights).length <= 256, 'must name at most 256 types')
  .default({});

export type TypeWeights = z.infer<typeof typeWeightsSchema>;

export const weightOf = (weights: ReadonlyMap<string, number>, type: string): number =>
  weights.get(type) ?? 1;

/**
 * Types that weights name and no event has, in a model and in the sources that it takes in: a
 * misspelt one would do nothing, and nobody would see it. From what was written, so that they are
 * said beside other faults; asked only of what is applied, since what was published stays readable
 * when types change.
 */
export const faultsOfTypeWeights = (raw: unknown, types: readonly string[]): string[] => {
  const { learning, retrieval } = fieldsOf(raw);
  const sources = entriesOf(fieldsOf(retrieval)['sources']).map(
    (source, at) => [`retrieval.sources.${at}.learning`, fieldsOf(source)['learning']] as const,
  );
  return [['learning', learning] as const, ...sources].flatMap(([where, part]) =>
    Object.keys(fieldsOf(fieldsOf(part)['typeWeights']))
      .filter((type) => !types.includes(type))
      .map((type) => `${where}.typeWeights.${type}: ${noSuchType(type, types)}`),
  );
};

/** The refusal of a type of event that there is none of. */
export const noSuchType = (type: string, types: readonly string[]): string =>
  `no event type '${type}' is configured (there are ${types.join(', ')}; FRESHET_EVENT_TYPES adds to them)`;
