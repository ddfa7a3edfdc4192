import type { Request } from '../schemas/generated/request.ts';
import type { Topic } from './topic.ts';

export const requests: Topic = {
  thing: 'requests',
  doc: 'Asks for recommendations. Correlation id and reply topic travel in headers.',
  key: 'user_id',
  partitions: { free: 4 },
  cleanup: 'delete',
  retentionMs: 24 * 60 * 60 * 1000,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'request',
  users: 'named',
  writtenBy: ['applications', 'freshet request'],
  readBy: ['serving'],
  example: {
    user_id: '17850',
    context_id: 'home-feed',
    count: 10,
    exclude: ['85123A'],
    session: [],
    deadline_at: null,
    attributes: {},
    page_token: null,
    consent: true,
  } satisfies Request,
};
