import type { Command } from '../schemas/generated/command.ts';
import type { Topic } from './topic.ts';

export const commands: Topic = {
  thing: 'commands',
  doc: 'Commands to the control plane, in the order in which it carries them out.',
  key: 'id',
  partitions: 1,
  cleanup: 'delete',
  retentionMs: -1,
  timestamps: 'LogAppendTime',
  messageBytesMax: 1024 * 1024,
  schema: 'command',
  users: 'none',
  writtenBy: ['freshet', 'experiments', 'control'],
  readBy: ['control'],
  example: {
    command_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
    kind: 'experiment.start',
    body: '{"experiment":"nearer-or-newer"}',
    sent_at: 1_700_000_000_000,
    sent_by: 'data-science',
  } satisfies Command,
};
