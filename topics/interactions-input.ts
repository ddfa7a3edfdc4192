import type { Input } from '../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../schemas/generated/interaction.ts';
import { type Placed, placedInput, type PlacedInputOptions } from './placed-input.ts';
import { mergedType, mergeType } from './reserved-types.ts';

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

/** Whatever else a fold reads of an interaction: it must know the reserved types. */
export const reservedFields = ['type', 'merged', 'merged_from'] as const;
export type PlacedInteraction = Placed & Pick<Interaction, (typeof reservedFields)[number]>;

/**
 * How every fold over `interactions` reads it: by ingest's position. One that says of two users of
 * the partition that they are one is a unit for each.
 */
export function interactionsInput<T extends PlacedInteraction>(
  options: PlacedInputOptions<T>,
): Input<T> {
  const placed = placedInput(options);
  return {
    ...placed,
    decode: (record) => {
      const decoded = placed.decode(record);
      if (!('units' in decoded)) return decoded;
      const [unit] = decoded.units;
      const from = unit?.input.merged_from ?? null;
      if (unit === undefined || from === null || unit.input.type !== mergeType) return decoded;
      const input = { ...unit.input, type: mergedType, user_id: from };
      return { ...decoded, units: [unit, { ...unit, input, key: from }] };
    },
  };
}
