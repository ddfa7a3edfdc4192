import type { Input } from '../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../schemas/generated/interaction.ts';
import { type Placed, placedInput, type PlacedInputOptions } from './placed-input.ts';

/**
 * A reader schema with the fields that a service uses: the decoder passes over the rest, which is
 * most of the cost of an interaction.
 */
export const interactionFields = (names: readonly (keyof Interaction)[]): object => ({
  ...interactionSchema,
  fields: interactionSchema.fields.filter(({ name }) =>
    (names as readonly string[]).includes(name),
  ),
});

/** How every fold over `interactions` reads it: by ingest's position. */
export const interactionsInput = <T extends Placed>(options: PlacedInputOptions<T>): Input<T> =>
  placedInput(options);
