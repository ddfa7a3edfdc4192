import type { CommonConfig } from '../../lib/config/common.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { takerOfAll } from '../../experiments/taker.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { Catalogue, type Taken } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import { contexts } from '../../topics/contexts.ts';
import { experiments as experimentsTopic } from '../../topics/experiments.ts';
import { models } from '../../topics/models.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from './topic-values.ts';
import { countsOf } from './topic-writer.ts';

/** The models and contexts as they are published now; what experiments name is in use too. */
export const readCatalogue = async (config: CommonConfig): Promise<Catalogue> =>
  (await readDefinitions(config)).catalogue;

/** The same, with the keys whose newest definition this release cannot read. */
export async function readDefinitions(config: CommonConfig): Promise<{
  readonly catalogue: Catalogue;
  readonly experiments: Experiments;
  readonly unreadable: readonly string[];
}> {
  const catalogue = new Catalogue(kinds);
  const experiments = new Experiments();
  const taker = takerOfAll(catalogue, experiments);
  const unreadable = new Set<string>();
  const read = async (
    topic: typeof models,
    take: (key: string, record: Definition | null) => Taken,
  ): Promise<void> => {
    const decoder = openDecoder<Definition>(config, topic);
    const log = readLog({ kafka: config.kafka, topic: topicName(config.prefix, topic) });
    for await (const records of log) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { key, value } of records) {
        if (key === null) continue;
        const name = key.toString();
        const decoded = value === null ? null : decoder.decode(value);
        const isRead =
          decoded === null
            ? take(name, null).kind !== 'unusable'
            : decoded.ok && take(name, decoded.value).kind !== 'unusable';
        if (isRead) unreadable.delete(name);
        else unreadable.add(name);
      }
    }
  };
  const topics = [models, contexts, experimentsTopic];
  await countsOf(
    config,
    topics.map((topic) => topicName(config.prefix, topic)),
  );
  await Promise.all([
    read(models, taker.takeModel),
    read(contexts, taker.takeContext),
    read(experimentsTopic, taker.takeExperiment),
  ]);
  return { catalogue, experiments, unreadable: [...unreadable].toSorted() };
}
