import type { FailedEvent } from '../schemas/generated/failed-event.ts';
import type { Topic } from './topic.ts';

export const failedEvents: Topic = {
  thing: 'failed-events',
  doc: 'Records that a stage could not use, with reason, position and raw bytes. Kept as long as the logs that they come from.',
  key: 'id',
  partitions: { free: 4 },
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 2 * 1024 * 1024,
  schema: 'failed-event',
  users: 'named',
  writtenBy: ['every consumer'],
  readBy: ['people', 'freshet failed', 'freshet tail', 'freshet verify'],
  example: {
    stage: 'ingest',
    topic: 'freshet.user-events.v1',
    partition: 0,
    offset: 42,
    reason: 'too_short',
    detail: 'a value has at least 6 bytes',
    appended_at: 1_700_000_000_250,
    key: Buffer.from('17850'),
    value: Buffer.from([0, 0, 1]),
    headers: { source: Buffer.from('shop') },
    lineage: 'oPWMn1r2kQ3f',
  } satisfies FailedEvent,
};
