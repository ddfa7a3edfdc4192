import type { Interaction } from '../schemas/generated/interaction.ts';
import type { Topic } from './topic.ts';

export const interactions: Topic = {
  thing: 'interactions',
  doc: 'Accepted events, in the order of their user. At least once: deduplicate by lineage, source_partition and source_offset.',
  key: 'user_id',
  partitions: 'internal',
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'interaction',
  writtenBy: ['ingest'],
  readBy: ['user-features', 'seen-items', 'signals', 'candidates', 'experiments', 'archive'],
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
    appended_at: 1_700_000_000_250,
    event_clock: 1,
    lineage: 'v2fJq8Lw0aZk',
    source_partition: 0,
    source_offset: 0,
  } satisfies Interaction,
};
