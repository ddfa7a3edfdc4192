import { createHash } from 'node:crypto';

import type { Input } from '../lib/stream/topology.ts';
import { type Exposure, exposureSchema } from '../schemas/generated/exposure.ts';
import type { ValueDecoder } from './interactions-input.ts';
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

/** What makes an exposure's key and position; every reader needs it. */
type Placed = Pick<Exposure, 'user_id' | 'lineage' | 'source_partition' | 'source_offset'>;

/** As far as most folds look at one. */
export type ExposureInput = Placed & Pick<Exposure, 'context_id' | 'items' | 'served_at' | 'page'>;

const accepted = { kind: 'accept' } as const;

/**
 * How a fold over `exposures` reads it: keyed by user, deduplicated by the position of the request.
 * Exposures go out in order of it, so a lower one than the last was there before.
 */
export function exposuresInput<T extends Placed>(options: {
  /** Full name of the topic. */
  readonly topic: string;
  readonly lineage: string;
  readonly decoder: ValueDecoder<T>;
}): Input<T> {
  const { topic, lineage, decoder } = options;
  return {
    topic,
    lineage,
    prepare: (records) => decoder.prepare(records.map(({ value }) => value)),
    decode: ({ value }) => {
      const decoded = decoder.decode(value);
      if (!decoded.ok) {
        const { reason, detail } = decoded;
        return { verdict: { kind: 'reject', reason, detail } };
      }
      const input = decoded.value;
      const { source_partition: partition, source_offset: offset } = input;
      const position = { lineage: input.lineage, partition, offset };
      return { verdict: accepted, units: [{ input, key: input.user_id, position }] };
    },
  };
}
