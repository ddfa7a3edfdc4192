import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { readableBytes } from '../data/readable.ts';

/**
 * Headers by which producers name themselves, the first that is there counts: ours, those that
 * stream processors and CloudEvents over Kafka send. Kafka itself keeps nothing of who wrote a
 * record (a client's id is in requests alone).
 */
export const producerHeaders = ['producer', 'source', 'ce_source', 'client_id', 'client-id', 'app'];

const charsMax = 64;

/**
 * Who sent a record, as far as it says so: a header, else the schema that it names, since
 * producers that know a schema of their own are told apart by it. Never the key, which is a user.
 */
export function producerOf({ headers, value }: Pick<FailedEvent, 'headers' | 'value'>): string {
  for (const name of producerHeaders) {
    const bytes = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (bytes !== undefined && bytes.length > 0)
      return `${name}=${readableBytes(bytes).slice(0, charsMax)}`;
  }
  if (value === null || value.length === 0) return 'no value';
  if (value[0] !== 0) return value[0] === brace ? 'JSON, no schema id' : 'no schema id';
  return value.length < 5 ? 'no schema id' : `schema id ${value.readUInt32BE(1)}`;
}

const brace = '{'.charCodeAt(0);
