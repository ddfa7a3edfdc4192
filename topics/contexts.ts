import type { Definition } from '../schemas/generated/definition.ts';
import type { Topic } from './topic.ts';

export const contexts: Topic = {
  thing: 'contexts',
  doc: 'Versions of contexts; per key the highest revision counts.',
  key: 'name',
  partitions: 1,
  cleanup: 'compact',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'definition',
  users: 'none',
  writtenBy: ['control'],
  readBy: ['control', 'learning', 'candidates', 'serving', 'experiments', 'metrics'],
  example: {
    name: 'home-feed',
    version: 'home-feed@0123456789ab',
    revision: 1,
    content: '{"context":"home-feed","size":10}',
  } satisfies Definition,
};
