import type { UserEvent } from '../schemas/generated/user-event.ts';
import type { Topic } from './topic.ts';

export const userEvents: Topic = {
  thing: 'user-events',
  doc: 'What users did, as producers say it. Untrusted.',
  key: 'user_id',
  partitions: { free: 4 },
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'user-event',
  users: 'named',
  writtenBy: ['producers', 'freshet publish', 'freshet replay', 'freshet failed', 'freshet forget'],
  readBy: ['ingest'],
  example: {
    event_id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    user_id: '17850',
    item_id: '85123A',
    type: 'purchase',
    occurred_at: 1_700_000_000_000,
    context_id: 'home-feed',
    answer_id: null,
    session_id: 'a1b2c3',
    value: 15.3,
    attributes: { country: 'United Kingdom' },
  } satisfies UserEvent,
};
