import type { CommandResult } from '../schemas/generated/command-result.ts';
import type { Topic } from './topic.ts';

export const commandResults: Topic = {
  thing: 'command-results',
  doc: 'What became of every command: the history. At least once: take the first per command_offset.',
  key: 'id',
  partitions: 1,
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'CreateTime',
  messageBytesMax: 1024 * 1024,
  schema: 'command-result',
  users: 'none',
  writtenBy: ['control'],
  readBy: ['freshet', 'archive'],
  example: {
    command_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
    kind: 'experiment.start',
    status: 'accepted',
    sentence: "experiment 'nearer-or-newer' runs on 'home-feed' with 50 % of the users",
    changes: [
      {
        topic: 'experiments',
        key: 'nearer-or-newer',
        version: 'nearer-or-newer@0123456789ab',
        revision: 2,
      },
    ],
    details: '{}',
    sent_at: 1_700_000_000_000,
    sent_by: 'data-science',
    decided_at: 1_700_000_000_100,
    command_offset: 7,
  } satisfies CommandResult,
};
