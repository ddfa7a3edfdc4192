import { createHash } from 'node:crypto';

import type { OutMessage } from '../../lib/kafka/log-record.ts';
import type { Decoded, Fold, LogRecord } from '../../lib/stream/topology.ts';
import type { Command } from '../../schemas/generated/command.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';
import { type Answered, answerOf, answeredRows, resultOf } from './answered.ts';
import { judge } from './judge.ts';
import { type Facts, type Outcome, refused } from './outcome.ts';
import {
  applyChanges,
  type Change,
  type ControlState,
  type DefinitionTopic,
  decodeState,
  definitionTopics,
  emptyState,
  encodeState,
  stateLayout,
} from './state.ts';

/** A command as it lies on the log. */
export interface Given {
  readonly command: Command;
  readonly atMs: number;
  readonly offset: number;
}

/** What one command makes others hear. */
export interface Heard {
  readonly result: CommandResult;
  readonly changes: readonly Change[];
}

export interface ControlOptions {
  /** Full names. */
  readonly topics: Readonly<Record<DefinitionTopic | 'commands' | 'results', string>>;
  readonly decoder: ValueDecoder<Command>;
  readonly encodeDefinition: Readonly<Record<DefinitionTopic, (value: Definition) => Buffer>>;
  readonly encodeResult: (value: CommandResult) => Buffer;
  /** Its settings count until the log says some. */
  readonly facts: Facts;
}

/** A command that comes again is known for what it is so long after. */
export const repeatedWithinMs = 30 * 86_400_000;
const idBytesMax = 64;

export type ControlFold = Fold<Given, Answered, Heard, ControlState>;

/**
 * One writer, total order: every command is judged against what all commands before it have made.
 * Rows are answers by command id. What is judged by (settings and the number of judgements, which
 * the log says, and kinds of this release) is no part of the identity: what was accepted stays.
 */
export const controlFold = (options: ControlOptions): ControlFold => ({
  name: 'control',
  code: 'k',
  revision: 3,
  layout: stateLayout,
  config: {},
  family: 'source',
  input: {
    topic: options.topics.commands,
    lineage: null,
    ...preparedBy(options.decoder),
    decode: (record) => decode(record, options.decoder),
  },
  rows: answeredRows,
  shared: {
    empty: emptyState,
    decode: decodeState,
    encode: (state) => ({ whole: encodeState(state) }),
    bytes: (state) => encodeState(state).length,
  },
  cacheBytesMax: 0,
  emission: {
    topic: options.topics.results,
    partitions: 1,
    messages: (outs) => outs.flatMap(({ out }) => messagesOf(out, options)),
    restated: true,
  },
  horizon: {
    ms: repeatedWithinMs,
    lastMs: ({ atMs }) => atMs,
    unitMs: ({ atMs }) => atMs,
  },
  fold: (row, { input }, { shared, emit }) => {
    const { command, atMs } = input;
    const hash = hashOf(command);
    if (row !== undefined) {
      emit({ result: answerOf(row, { hash, input }), changes: [] });
      return null;
    }
    const facts = { ...options.facts, seen: shared.settings ?? unsaid(options.facts) };
    const outcome = judged(() => judge({ state: shared, facts, atMs }, command));
    applyChanges(shared, outcome.changes);
    shared.settings = outcome.settings ?? shared.settings;
    const result = resultOf(outcome, input);
    emit({ result, changes: outcome.changes });
    const { kind, status, sentence, changes, details } = result;
    return { hash, atMs, kind, status, sentence, changes, details };
  },
});

/** Before the log says by what: by this process's own, as the first release judged. */
const unsaid = ({ seen }: Facts): Facts['seen'] => ({ ...seen, judgement: 1 });

/** A fault of ours in one command must not keep all others waiting for ever. */
const judged = (work: () => Outcome): Outcome => {
  try {
    return work();
  } catch (error) {
    return refused('nothing was changed: Freshet has a fault that this command shows, report it', {
      fault: String(error).slice(0, 500),
    });
  }
};

const hashOf = ({ kind, body }: Command): string =>
  createHash('sha256').update(kind).update('\0').update(body).digest('hex').slice(0, 32);

const decode = (record: LogRecord, decoder: ValueDecoder<Command>): Decoded<Given> => {
  const decoded = decoder.decode(record.value);
  if (!decoded.ok)
    return { verdict: { kind: 'reject', reason: decoded.reason, detail: decoded.detail } };
  const command = decoded.value;
  const { command_id: id } = command;
  if (id === '' || Buffer.byteLength(id) > idBytesMax || /\p{Cc}/u.test(id)) {
    const detail = `command_id: 1 to ${idBytesMax} bytes without control characters`;
    return { verdict: { kind: 'reject', reason: 'bad_command_id', detail } };
  }
  const input = { command, atMs: Math.max(0, record.timestampMs), offset: record.offset };
  return { verdict: { kind: 'accept' }, units: [{ input, key: id, position: null }] };
};

/** What names something comes after it; the answer last: whoever has it finds what it says. */
const messagesOf = ({ result, changes }: Heard, options: ControlOptions): OutMessage[] => [
  ...definitionTopics.flatMap((topic) =>
    changes
      .filter((change) => change.topic === topic)
      .map((change) => definitionMessage(change, options)),
  ),
  {
    topic: options.topics.results,
    partition: 0,
    key: result.command_id,
    value: options.encodeResult(result),
  },
];

export const definitionMessage = (
  { topic, key, record }: Pick<Change, 'topic' | 'key' | 'record'>,
  { topics, encodeDefinition }: Pick<ControlOptions, 'topics' | 'encodeDefinition'>,
): OutMessage => ({
  topic: topics[topic],
  partition: 0,
  key,
  value: record === null ? null : encodeDefinition[topic]({ ...record }),
});
