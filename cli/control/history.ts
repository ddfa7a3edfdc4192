import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type CommandResult, commandResultSchema } from '../../schemas/generated/command-result.ts';
import { commandResults } from '../../topics/command-results.ts';
import { topicName } from '../../topics/topic.ts';
import { oneLine } from '../data/readable.ts';
import { partitionsOf } from '../data/topic-writer.ts';

/** What became of every command, in order, each once: its first record counts. */
export async function readHistory(config: CommonConfig): Promise<CommandResult[]> {
  const topic = topicName(config.prefix, commandResults);
  await partitionsOf(config, topic);
  const decoder = new TopicDecoder<CommandResult>({
    registry: openRegistry(config.registry),
    subject: `${topic}-value`,
    schema: commandResultSchema,
    valueBytesMax: commandResults.messageBytesMax,
  });
  const found = new Map<number, CommandResult>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (!decoded.ok || found.has(decoded.value.command_offset)) continue;
      found.set(decoded.value.command_offset, decoded.value);
    }
  }
  return [...found.values()].toSorted((a, b) => a.command_offset - b.command_offset);
}

/** Whether a command was about this context, model, version or experiment. What a sentence lists in brackets is only there too. */
export const isOf = ({ changes, sentence, details }: CommandResult, name: string): boolean =>
  changes.some(({ key }) => key === name || key.startsWith(`${name}@`)) ||
  [sentence, ...faultsIn(details)].some(
    (text) =>
      text.replaceAll(/\(there are [^)]*\)/g, '').includes(`'${name}'`) ||
      ` ${text}`.includes(` ${name}.json: `),
  );

const faultsIn = (details: string): string[] => {
  const { faults } = JSON.parse(details) as { readonly faults?: unknown };
  return Array.isArray(faults) ? faults.map(String) : [];
};

const changesSaidMax = 10;

export const inWords = (result: CommandResult): string => {
  const { decided_at: atMs, sent_by: who, kind, status, sentence, changes } = result;
  const by = who === '' ? 'somebody' : who;
  const keys = changes.map(({ key }) => key).slice(0, changesSaidMax);
  const more = changes.length > keys.length ? ` and ${changes.length - keys.length} more` : '';
  // Sentences of other commands name what they change.
  const what = kind === 'apply' && keys.length > 0 ? ` (${keys.join(', ')}${more})` : '';
  return oneLine(`${new Date(atMs).toISOString()}  ${by}: ${kind} ${status}: ${sentence}${what}`);
};
