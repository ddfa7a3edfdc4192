import { setOf } from '../lib/config/topic-set.ts';
import type { Position } from '../lib/stream/topology.ts';
import { exposures } from './exposures.ts';
import type { Topic } from './topic.ts';

export const repartitionedExposures: Topic = {
  thing: 'repartitioned-exposures',
  doc: "Exposures in as many partitions as interactions have, byte for byte and with the times of their own log; a header has their position there. Empty in the first set of internal topics, where these are exposures' own.",
  key: 'user_id',
  partitions: 'internal',
  cleanup: 'delete',
  retentionMs: 90 * 24 * 60 * 60 * 1000,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'exposure',
  users: 'named',
  writtenBy: ['repartition'],
  readBy: ['candidates', 'experiments'],
  example: exposures.example,
};

/** Where those find exposures who read them beside interactions of the same users. */
export const exposuresBeside = (prefix: string): Topic =>
  setOf(prefix) === 1 ? exposures : repartitionedExposures;

const positionHeader = 'freshet-position';

/** Positions of others' records meet here in another order: a record is known by where it came from. */
export const positionHeaders = (partition: number, offset: number): Record<string, string> => ({
  [positionHeader]: `${partition}/${offset}`,
});

/** Null: it is a record of `exposures` itself. */
export function repartitionedAt(
  headers: Readonly<Record<string, Buffer | string | undefined>>,
  lineage: string,
): Position | null {
  const text = headers[positionHeader]?.toString();
  if (text === undefined) return null;
  const [partition = 0, offset = 0] = text.split('/').map(Number);
  return { lineage, partition, offset };
}
