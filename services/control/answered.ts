import type { RowCodec } from '../../lib/stream/topology.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import type { Outcome } from './outcome.ts';
import type { Given } from './topology.ts';

/** What became of a command, as long as it may come again. */
export interface Answered
  extends Pick<CommandResult, 'kind' | 'status' | 'sentence' | 'changes' | 'details'> {
  /** Of its kind and body. */
  readonly hash: string;
  readonly atMs: number;
}

export const answeredRows: RowCodec<Answered> = {
  decode: (bytes) => JSON.parse(bytes.toString('utf8')) as Answered,
  encode: (row) => ({ whole: Buffer.from(JSON.stringify(row)) }),
  bytes: (row) => row.sentence.length + row.details.length + row.changes.length * 120 + 128,
};

const saidMax = 64;

const addressed = ({ command, atMs, offset }: Given) => ({
  command_id: command.command_id,
  kind: command.kind.slice(0, saidMax),
  sent_at: command.sent_at,
  sent_by: command.sent_by.slice(0, saidMax),
  decided_at: atMs,
  command_offset: offset,
});

/** A withdrawn key has no version any more: it says so with an empty one. */
export const resultOf = (outcome: Outcome, input: Given): CommandResult => ({
  ...addressed(input),
  status: outcome.accepted ? 'accepted' : 'refused',
  sentence: outcome.sentence,
  changes: outcome.changes.map(({ topic, key, revision, record }) => ({
    topic,
    key,
    version: record?.version ?? '',
    revision,
  })),
  details: JSON.stringify(outcome.details),
});

/** For a command whose id is known: the earlier answer, or why this cannot be another one. */
export const answerOf = (
  row: Answered,
  { hash, input }: { readonly hash: string; readonly input: Given },
): CommandResult => {
  if (row.hash === hash) {
    const { sentence, changes } = row;
    const details = JSON.stringify({ ...(JSON.parse(row.details) as object), was: row.status });
    return { ...addressed(input), status: 'repeated', sentence, changes, details };
  }
  return {
    ...addressed(input),
    status: 'refused',
    sentence: `nothing was changed: the id of this command was used for another one (${row.kind}), so send it again under a fresh id`,
    changes: [],
    details: '{}',
  };
};
