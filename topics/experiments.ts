import type { Definition } from '../schemas/generated/definition.ts';
import type { Topic } from './topic.ts';

export const experiments: Topic = {
  thing: 'experiments',
  doc: 'Experiments and their states; per key the highest revision counts.',
  key: 'name',
  partitions: 1,
  cleanup: 'compact',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'definition',
  users: 'none',
  writtenBy: ['control'],
  readBy: ['control', 'learning', 'candidates', 'serving', 'experiments'],
  example: {
    name: 'checkout-size',
    version: 'checkout-size@0123456789ab',
    revision: 1,
    content: '{"definition":{"experiment":"checkout-size"},"state":"draft"}',
  } satisfies Definition,
};
