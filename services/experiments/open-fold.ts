import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import { exposureSchema } from '../../schemas/generated/exposure.ts';
import { exposuresBeside } from '../../topics/repartitioned-exposures.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { interactions } from '../../topics/interactions.ts';
import { reservedLineage } from '../../topics/reserved-types.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { experimentsConfig } from './config.ts';
import {
  experimentsFold,
  type OutcomeInteraction,
  outcomeFields,
  shownFields,
  type ShownExposure,
} from './topology.ts';

/**
 * The fold without what watches its figures: who rebuilds or verifies needs no statistics, whose
 * modules take a tenth of a command's start. `lineage`: of the ingest generation that is read.
 */
export function openExperimentsFold(
  config: CommonConfig,
  registry: RegistryPort,
  lineage: string,
): ReturnType<typeof experimentsFold> {
  const input = <T>(of: Topic, schema: object) => {
    const topic = topicName(config.prefix, of);
    const valueBytesMax = of.messageBytesMax;
    const subject = `${topic}-value`;
    return { topic, decoder: new TopicDecoder<T>({ registry, subject, schema, valueBytesMax }) };
  };
  return experimentsFold({
    interactions: {
      ...input<OutcomeInteraction>(interactions, interactionFields(outcomeFields)),
      lineage,
    },
    exposures: {
      ...input<ShownExposure>(exposuresBeside(config.prefix), exposureFields),
      lineage: reservedLineage(config.prefix),
      ...(setOf(config.prefix) === 1
        ? {}
        : { through: { topic: topicName(config.prefix, exposures), fold: 'repartition' } }),
    },
    latenessMs: experimentsConfig().latenessMs,
    horizonMs: config.userHorizonMs,
  });
}

const exposureFields = {
  ...exposureSchema,
  fields: exposureSchema.fields.filter(({ name }) =>
    (shownFields as readonly string[]).includes(name),
  ),
};
