import type { TrainingPack } from '../schemas/generated/training-pack.ts';
import type { Topic } from './topic.ts';

export const trainingExamples: Topic = {
  thing: 'training-examples',
  doc: 'Lists that were logged when they were made, closed by what the user did next. Partitioned by the name of the weights; the first record per position counts.',
  key: 'packed',
  partitions: 'internal',
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'training-pack',
  users: 'traceable',
  writtenBy: ['candidates'],
  readBy: ['weights'],
  example: {
    lineage: 'v2fJq8Lw0aZk',
    source_partition: 0,
    first_offset: 41,
    last_offset: 41,
    examples: [{ offset: 41, weights: 'blend-0', kind: 'blend', example: Buffer.from([1, 2]) }],
  } satisfies TrainingPack,
};
