import type { SignalPack } from '../schemas/generated/signal-pack.ts';
import type { Topic } from './topic.ts';

export const itemSignals: Topic = {
  thing: 'item-signals',
  doc: 'What interactions teach about items, many signals in one record. Partitioned by item.',
  key: 'packed',
  partitions: 'internal',
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'signal-pack',
  users: 'traceable',
  writtenBy: ['signals'],
  readBy: ['learning'],
  example: {
    lineage: 'v2fJq8Lw0aZk',
    source_partition: 0,
    first_offset: 0,
    last_offset: 0,
    signals: Buffer.alloc(0),
  } satisfies SignalPack,
};
