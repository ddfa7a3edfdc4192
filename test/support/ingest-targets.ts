import { encoderFor } from '../../lib/avro/encoder.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';

/** Where a fold of `ingest` in a test says what it has to say; ids of schemas are 2 to 4. */
export const ingestTargetsOf = (partitions: number) => ({
  interactions: {
    topic: 'interactions',
    partitions,
    encode: encoderFor<Interaction>(interactionSchema, 2),
  },
  exposures: { topic: 'exposures', partitions, encode: encoderFor<Exposure>(exposureSchema, 3) },
  external: {
    topic: 'external-candidates',
    partitions,
    encode: encoderFor<ExternalCandidates>(externalCandidatesSchema, 4),
  },
  reservedLineage,
  set: 1,
});

export const reservedLineage = 'reserved0000';
