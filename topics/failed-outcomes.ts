import type { FailedOutcome } from '../schemas/generated/failed-outcome.ts';
import type { Topic } from './topic.ts';

/**
 * Not compacted: of two operators at work on one event both are remembered, whoever was later.
 * Kept as long as failed-events, or what was dropped would be open again.
 */
export const failedOutcomes: Topic = {
  thing: 'failed-outcomes',
  doc: 'What has become of failed events: replayed, accepted or dropped, by whom and why.',
  key: 'id',
  partitions: { free: 4 },
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'failed-outcome',
  users: 'traceable',
  writtenBy: ['freshet failed'],
  readBy: ['people', 'freshet failed'],
  example: {
    id: 'ingest/freshet.user-events.v1/0/42',
    outcome: 'replayed',
    by: 'data-desk',
    why: '',
    changes: ['rename uid to user_id', 'set type'],
    once_by: 'event_id',
  } satisfies FailedOutcome,
};
