import type { Command } from 'commander';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import {
  type Change,
  type DefinitionFile,
  type Plan,
  planChanges,
  type Published,
} from '../../models/changes.ts';
import { kinds } from '../../models/kinds.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { seenItemsConfig } from '../../services/seen-items/config.ts';
import { contexts } from '../../topics/contexts.ts';
import { models } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';

const dayMs = 86_400_000;

/** What `apply` did, as `--json` prints it. */
export interface Applied {
  readonly applied: readonly {
    readonly topic: Change['topic'];
    readonly name: string;
    readonly version: string;
    readonly revision: number;
  }[];
  readonly unchanged: readonly string[];
}

/**
 * Publishes the definitions of a folder. For now the one writer of `models` and `contexts`: it
 * reads both to their ends, checks everything before it writes anything, writes what changed with
 * the next revision, and reads back that its revisions are the ones that readers will keep.
 */
export const applyDefinitions = async (folder: string, config: CommonConfig): Promise<Applied> => {
  const files = readFolder(folder);
  await requireTopics(config);
  const plan = planOrThrow(folder, files, { published: await published(config), config });
  if (plan.changes.length > 0) {
    await write(config, plan.changes);
    confirm(plan.changes, await published(config));
  }
  return {
    applied: plan.changes.map(({ topic, record: { name, version, revision } }) => ({
      topic,
      name,
      version,
      revision,
    })),
    unchanged: plan.unchanged,
  };
};

const readFolder = (folder: string): DefinitionFile[] => {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw new UserError(`cannot read the folder ${folder}: ${messageOf(error)}`);
  }
  if (names.length === 0) throw new UserError(`there is no .json file in ${folder}`);
  return names.toSorted().map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
};

const planOrThrow = (
  folder: string,
  files: readonly DefinitionFile[],
  given: { readonly published: Published; readonly config: CommonConfig },
): Plan => {
  const seen = {
    // Users who stay away for the horizon are forgotten with all that they have seen.
    daysMax: Math.floor(Math.min(seenItemsConfig().ageMsMax, given.config.userHorizonMs) / dayMs),
    kinds: given.config.types,
  };
  const planned = planChanges(files, given.published, { kinds, seen });
  if (planned.ok) return planned.value;
  throw new UserError(
    `nothing was applied; ${folder} has ${planned.faults.length} fault(s):\n  ${planned.faults.join('\n  ')}`,
  );
};

const requireTopics = async (config: CommonConfig): Promise<void> => {
  const wanted = [models, contexts].map((topic) => topicName(config.prefix, topic));
  const admin = await openAdmin(config.kafka);
  try {
    const there = await admin.partitionCounts(wanted);
    const missing = wanted.filter((topic) => !there.has(topic));
    if (missing.length > 0)
      throw new UserError(
        `no topic ${missing.join(' and ')}: run \`npx freshet topics apply\` first`,
      );
  } finally {
    await admin.close();
  }
};

const published = async (config: CommonConfig): Promise<Published> => {
  const [ofModels, ofContexts] = await Promise.all([
    newest(config, models),
    newest(config, contexts),
  ]);
  return { models: ofModels, contexts: ofContexts };
};

/** Per key the record with the highest revision. Withdrawn keys are gone. */
const newest = async (config: CommonConfig, of: Topic): Promise<Map<string, Definition>> => {
  const topic = topicName(config.prefix, of);
  const decoder = new TopicDecoder<Definition>({
    registry: openRegistry(config.registry),
    subject: `${topic}-value`,
    schema: definitionSchema,
    valueBytesMax: of.messageBytesMax,
  });
  const found = new Map<string, Definition>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value, offset } of records) {
      if (key === null) continue;
      const name = key.toString('utf8');
      if (value === null) {
        found.delete(name);
        continue;
      }
      const decoded = decoder.decode(value);
      if (!decoded.ok)
        throw new UserError(
          `${topic} holds a record at offset ${offset} that is no definition (${decoded.reason}): who wrote it?`,
        );
      if ((found.get(name)?.revision ?? 0) < decoded.value.revision) found.set(name, decoded.value);
    }
  }
  return found;
};

const write = async (config: CommonConfig, changes: readonly Change[]): Promise<void> => {
  const registry = openRegistry(config.registry);
  const topics = {
    models: topicName(config.prefix, models),
    contexts: topicName(config.prefix, contexts),
  };
  const encoders = {
    models: await openEncoder<Definition>(registry, `${topics.models}-value`, definitionSchema),
    contexts: await openEncoder<Definition>(registry, `${topics.contexts}-value`, definitionSchema),
  };
  // Models first: a reader must never meet a context whose models it cannot know yet.
  const messages: OutMessage[] = changes.map(({ topic, key, record }) => ({
    topic: topics[topic],
    key,
    value: encoders[topic]({ ...record }),
  }));
  const outbox = await openOutbox(config.kafka);
  try {
    await outbox.send(messages.filter(({ topic }) => topic === topics.models));
    await outbox.send(messages.filter(({ topic }) => topic === topics.contexts));
  } finally {
    await outbox.close();
  }
};

/** Two writers at once give one key the same revision twice: one of them is told. */
const confirm = (changes: readonly Change[], now: Published): void => {
  const lost = changes.filter(({ topic, key, record }) => {
    const there = now[topic].get(key);
    return there?.revision !== record.revision || there.content !== record.content;
  });
  if (lost.length > 0)
    throw new UserError(
      `another apply wrote ${lost.map(({ key }) => key).join(', ')} at the same time: run this again`,
    );
};

const print = ({ applied, unchanged }: Applied): void => {
  for (const { version, revision } of applied)
    console.log(`applied   ${version} (revision ${revision})`);
  for (const version of unchanged) console.log(`unchanged ${version}`);
};

export const registerApplyCommand = (program: Command): void => {
  program
    .command('apply')
    .description('publish the models and contexts of a folder; what has not changed is left alone')
    .argument('[folder]', 'folder with one .json file per model or context', 'definitions')
    .option('--json', 'print one JSON line')
    .action(async (folder: string, options: { json?: boolean }) => {
      const done = await applyDefinitions(folder, commonConfig());
      if (options.json === true) console.log(JSON.stringify(done));
      else print(done);
    });
};
