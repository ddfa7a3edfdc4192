import { commandResults } from '../../topics/command-results.ts';
import { commands } from '../../topics/commands.ts';
import { contexts } from '../../topics/contexts.ts';
import { experiments } from '../../topics/experiments.ts';
import { models } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import type { DefinitionTopic } from './state.ts';
import type { ControlOptions } from './topology.ts';

const definitions: Readonly<Record<DefinitionTopic, Topic>> = { models, contexts, experiments };

export const definitionTopicOf = (topic: DefinitionTopic): Topic => definitions[topic];

export const topicsOf = (prefix: string): ControlOptions['topics'] => ({
  models: topicName(prefix, models),
  contexts: topicName(prefix, contexts),
  experiments: topicName(prefix, experiments),
  commands: topicName(prefix, commands),
  results: topicName(prefix, commandResults),
});
