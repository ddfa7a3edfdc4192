import type { ExternalCandidates } from '../schemas/generated/external-candidates.ts';
import type { Topic } from './topic.ts';

/**
 * Not compacted: compaction keeps one record per key, and the key must be the user, so that a
 * user's lists lie in the user's partition; one source's list would then remove another's.
 */
export const externalCandidates: Topic = {
  thing: 'external-candidates',
  doc: 'Lists that other processes propose per user; the newest per source and user counts.',
  key: 'user_id',
  partitions: 'as made',
  cleanup: 'delete',
  retentionMs: 90 * 24 * 60 * 60 * 1000,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'external-candidates',
  users: 'named',
  writtenBy: ['producers', 'ingest', 'freshet failed'],
  readBy: ['external'],
  example: {
    source: 'nightly',
    user_id: '17850',
    items: [
      { item_id: '85123A', score: 0.93 },
      { item_id: '22423', score: 0.41 },
    ],
    computed_at: 1_700_000_000_000,
    forgotten: null,
  } satisfies ExternalCandidates,
};
