import type { Exposure } from '../schemas/generated/exposure.ts';
import type { Topic } from './topic.ts';

export const exposures: Topic = {
  thing: 'exposures',
  doc: 'Answers with items that were served. At least once: take the first per answer_id.',
  key: 'user_id',
  partitions: 'internal',
  cleanup: 'delete',
  retentionMs: 90 * 24 * 60 * 60 * 1000,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'exposure',
  writtenBy: ['serving'],
  readBy: ['candidates', 'served', 'experiments', 'archive'],
  example: {
    answer_id: 'requests-0-42',
    user_id: '17850',
    context_id: 'home-feed',
    context_version: 'home-feed@0123456789ab',
    model_version: 'co-visits@0123456789ab',
    experiment: null,
    variant: null,
    answered_by: 'personal',
    items: [{ item_id: '22423', propensity: null }],
    served_at: 1_700_000_000_300,
    candidates_stale: false,
    lineage: 'v2fJq8Lw0aZk',
    source_partition: 0,
    source_offset: 42,
  } satisfies Exposure,
};
