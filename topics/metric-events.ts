import type { MetricEvent } from '../schemas/generated/metric-event.ts';
import type { Topic } from './topic.ts';

export const metricEvents: Topic = {
  thing: 'metric-events',
  doc: 'Figures about quality, for the one monitoring system.',
  key: 'none',
  partitions: { free: 4 },
  cleanup: 'delete',
  retentionMs: 7 * 24 * 60 * 60 * 1000,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'metric-event',
  users: 'none',
  writtenBy: ['serving', 'experiments', 'batch jobs'],
  readBy: ['metrics'],
  example: {
    name: 'answer',
    at: 1_700_000_000_300,
    labels: { context: 'home-feed', step: 'personal' },
    values: { items: 10 },
  } satisfies MetricEvent,
};
