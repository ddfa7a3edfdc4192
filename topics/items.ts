import type { Item } from '../schemas/generated/item.ts';
import type { Topic } from './topic.ts';

export const items: Topic = {
  thing: 'items',
  doc: 'What is known of each item; the newest record per item counts, a null value withdraws it.',
  key: 'item_id',
  partitions: { free: 4 },
  cleanup: 'compact',
  retentionMs: -1,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'item',
  users: 'none',
  writtenBy: ['producers', 'freshet publish'],
  readBy: ['serving', 'candidates'],
  example: {
    item_id: '85123A',
    title: 'White hanging heart t-light holder',
    categories: ['lights'],
    attributes: { colour: 'white' },
    available_from: 1_600_000_000_000,
    available_until: null,
  } satisfies Item,
};
