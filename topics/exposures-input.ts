import { createHash } from 'node:crypto';

import type { Input } from '../lib/stream/topology.ts';
import { type Exposure, exposureSchema } from '../schemas/generated/exposure.ts';
import { type Placed, placedInput, type PlacedInputOptions } from './placed-input.ts';
import { requests } from './requests.ts';
import { topicName } from './topic.ts';

/**
 * Serving folds nothing and has no generation: what it emits is named by the log whose positions
 * it carries, so that it stays the same whichever process answers.
 */
export const servingLineage = (prefix: string): string =>
  createHash('sha256')
    .update(`serving ${topicName(prefix, requests)}`)
    .digest('base64url')
    .slice(0, 12);

/** A reader schema with the fields that a service uses. */
export const exposureFields = (names: readonly string[]): object => ({
  ...exposureSchema,
  fields: exposureSchema.fields.filter(({ name }) => names.includes(name)),
});

/** As far as most folds look at one. */
export type ExposureInput = Placed &
  Pick<Exposure, 'context_id' | 'items' | 'served_at' | 'page' | 'kind'>;

/**
 * How a fold over `exposures` reads it: by the position of the request, and of the event by which
 * a user is to be forgotten. Both go out in order of it, so a lower one than the last was there before.
 */
export const exposuresInput = <T extends Placed>(
  options: PlacedInputOptions<T> & { readonly beside: string },
): Input<T> => placedInput(options);
