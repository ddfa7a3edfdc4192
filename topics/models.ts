import type { Definition } from '../schemas/generated/definition.ts';
import type { Topic } from './topic.ts';

export const models: Topic = {
  thing: 'models',
  doc: 'Versions of models; per key the highest revision counts.',
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
    name: 'co-visits',
    version: 'co-visits@0123456789ab',
    revision: 1,
    content: '{"model":"co-visits","kind":"co-visits"}',
  } satisfies Definition,
};
