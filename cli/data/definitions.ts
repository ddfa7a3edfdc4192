import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import { contexts } from '../../topics/contexts.ts';
import { models } from '../../topics/models.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from './topic-values.ts';

/** The models and contexts as they are published now. */
export async function readCatalogue(config: CommonConfig): Promise<Catalogue> {
  const catalogue = new Catalogue(kinds);
  const read = async (
    topic: typeof models,
    take: (key: string, record: Definition | null) => unknown,
  ): Promise<void> => {
    const decoder = openDecoder<Definition>(config, topic);
    const log = readLog({ kafka: config.kafka, topic: topicName(config.prefix, topic) });
    for await (const records of log) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { key, value } of records) {
        if (key === null) continue;
        const decoded = value === null ? null : decoder.decode(value);
        if (decoded === null) take(key.toString(), null);
        else if (decoded.ok) take(key.toString(), decoded.value);
      }
    }
  };
  await Promise.all([
    read(models, (key, record) => catalogue.takeModel(key, record)),
    read(contexts, (key, record) => catalogue.takeContext(key, record)),
  ]);
  return catalogue;
}
