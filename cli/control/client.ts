import { randomUUID } from 'node:crypto';

import { monotonicMs, now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import { bodyBytesMax, type CommandKind, tooLarge } from '../../services/control/commands.ts';
import { commandResults } from '../../topics/command-results.ts';
import { commands } from '../../topics/commands.ts';
import { topicName } from '../../topics/topic.ts';
import { endsOf } from '../data/asking.ts';
import { followFrom } from '../data/follow.ts';
import { openDecoder } from '../data/topic-values.ts';
import { openTopicWriter, partitionsOf } from '../data/topic-writer.ts';

export interface ControlCommand {
  readonly kind: CommandKind;
  readonly body: object;
  /** Sent again under the same id, a command is done once. Left out: a fresh one. */
  readonly id?: string;
}

/** Sends commands and finds their answers on `command-results`. */
export interface ControlClient {
  /** Null: no answer in time; the command may still be carried out. */
  send(command: ControlCommand, timeoutMs: number): Promise<CommandResult | null>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (result: CommandResult | null) => void;
  /** What became of earlier commands of this id is no answer. */
  readonly from: number;
}

export async function openControlClient(
  config: CommonConfig,
  { sentBy = 'freshet' }: { readonly sentBy?: string } = {},
): Promise<ControlClient> {
  const [asked, answered] = [commands, commandResults].map((topic) =>
    topicName(config.prefix, topic),
  ) as [string, string];
  await partitionsOf(config, answered);
  const decoder = openDecoder<CommandResult>(config, commandResults);
  const waiting = new Map<string, Waiting>();
  const known = new Map<string, number>();
  let broken: Error | null = null;
  const writer = await openTopicWriter<Command>(config, { topic: commands, schema: commandSchema });
  const [begin = 0] = await endsOf(config, asked);
  const take = async (records: readonly LogRecord[]): Promise<undefined> => {
    const mine = records.filter(({ key }) => waiting.has(key?.toString('utf8') ?? ''));
    if (mine.length === 0) return;
    await decoder.prepare(mine.map(({ value }) => value));
    for (const { value } of mine) {
      const decoded = decoder.decode(value);
      if (!decoded.ok) continue;
      const { command_id: id, command_offset: offset } = decoded.value;
      const one = waiting.get(id);
      if (one === undefined || offset < one.from) continue;
      known.set(id, offset + 1);
      one.resolve(decoded.value);
    }
  };
  const following = await followFrom({
    kafka: config.kafka,
    from: new Map([[answered, await endsOf(config, answered)]]),
    maxWaitMs: 20,
    onRecords: take,
    onFatal: (error) => {
      broken = error;
    },
  });
  await following.joined;
  return {
    send: async (command, timeoutMs) => {
      if (broken !== null) throw broken;
      const { kind, body, id = randomUUID() } = command;
      const text = bodyOf(body);
      const { promise, resolve } = Promise.withResolvers<CommandResult | null>();
      waiting.set(id, { resolve, from: known.get(id) ?? begin });
      const timer = setTimeout(() => resolve(null), timeoutMs);
      try {
        const value = { command_id: id, kind, body: text, sent_at: now(), sent_by: sentBy };
        await writer.send([{ key: id, value }]);
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    close: async () => {
      // Whoever has given up waiting need not wait for the time to be over.
      for (const { resolve } of waiting.values()) resolve(null);
      await Promise.all([following.stop(), writer.close()]);
    },
  };
}

const bodyOf = (body: object): string => {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes > bodyBytesMax) throw new UserError(`nothing was sent: ${tooLarge(bytes)}`);
  return text;
};

const timeoutMsDefault = 30_000;

/** Sends commands one after the other, each when the one before it is answered. */
export async function sendCommands(
  config: CommonConfig,
  list: readonly ControlCommand[],
  { timeoutMs = timeoutMsDefault, sentBy = 'freshet' } = {},
): Promise<CommandResult[]> {
  for (const { body } of list) bodyOf(body);
  const client = await openControlClient(config, { sentBy });
  try {
    const results: CommandResult[] = [];
    for (const command of list) {
      const startedMs = monotonicMs();
      const result = await unlessInterrupted(client.send(command, timeoutMs), command);
      if (result === null) throw unanswered(command, monotonicMs() - startedMs);
      results.push(result);
    }
    return results;
  } finally {
    await client.close();
  }
}

/** Ctrl-C while a command waits. Who has services to stop hears of it, and says how it ends. */
async function unlessInterrupted<T>(work: Promise<T>, { kind }: ControlCommand): Promise<T> {
  if (process.listenerCount('SIGINT') > 0) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onInterrupt = (): void =>
    reject(
      new UserError(
        `broken off: '${kind}' may lie on its topic already, and is carried out then when control ` +
          'runs; `npx freshet history` says what became of it',
      ),
    );
  process.once('SIGINT', onInterrupt);
  try {
    return await Promise.race([work, promise]);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

const unanswered = ({ kind, body }: ControlCommand, waitedMs: number): UserError => {
  const waits =
    'dryRun' in body && body.dryRun === true
      ? 'Nothing is published by it then either. Where no service runs, say `--here`, too'
      : 'The command stays on its topic and is carried out when it is; `npx freshet history` then ' +
        'says what became of it. Where no control is wanted, `apply --here` carries out what waits, ' +
        'and its own';
  return new UserError(
    `no control service has answered '${kind}' in ${Math.round(waitedMs / 1_000)} s: is ` +
      `\`npx freshet run control\` running? ${waits}`,
  );
};

/** What was refused is an error; all faults are told where there are several. */
export const acceptedOrThrow = (result: CommandResult): CommandResult => {
  const details = detailsOf(result);
  if (result.status !== 'refused' && details['was'] !== 'refused') return result;
  const faults = Array.isArray(details['faults']) ? details['faults'].map(String) : [];
  throw new UserError(
    faults.length > 1
      ? `nothing was changed; there are ${faults.length} faults:\n  ${faults.join('\n  ')}`
      : result.sentence,
  );
};

export const detailsOf = ({ details }: CommandResult): Readonly<Record<string, unknown>> =>
  JSON.parse(details) as Record<string, unknown>;
