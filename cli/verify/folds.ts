import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { type Fold, inputsOf } from '../../lib/stream/topology.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { kinds, userSides } from '../../models/kinds.ts';
import { personalModels } from '../../retrieval/personal-models.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { openControlFold } from '../../services/control/main.ts';
import { openExternalFold } from '../../services/external/main.ts';
import { type TrainingPack, trainingPackSchema } from '../../schemas/generated/training-pack.ts';
import { openExperimentsFold } from '../../services/experiments/open-fold.ts';
import { openIngestFold } from '../../services/ingest/main.ts';
import { learnersOf } from '../../services/learning/learners.ts';
import { learningFold } from '../../services/learning/topology.ts';
import { openRepartitionFold } from '../../services/repartition/main.ts';
import { openServedFold } from '../../services/served/main.ts';
import { seenItemsConfig } from '../../services/seen-items/config.ts';
import { seenItemsFold } from '../../services/seen-items/topology.ts';
import { signalsConfig } from '../../services/signals/config.ts';
import {
  type SignalInteraction,
  signalInteractionSchema,
  signalsFold,
} from '../../services/signals/topology.ts';
import { weightsFold } from '../../services/weights/topology.ts';
import { userFeaturesConfig } from '../../services/user-features/config.ts';
import { userFeaturesFold } from '../../services/user-features/topology.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { prefixFor } from '../../topics/sets.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { lostPartitions } from '../data/lost-state.ts';
import { serviceOf } from '../data/progress-of-services.ts';
import { storedLearners } from '../data/stored-learners.ts';

/** What a fold does with its types does not matter here: it is given its own values back. */
export type AnyFold = Fold<unknown, unknown, unknown, unknown>;

/** A fold whose current generation is verified. */
export interface VerifiedFold {
  readonly fold: AnyFold;
  readonly current: CurrentGeneration;
  readonly keys: FoldKeys;
}

export interface Sources {
  readonly config: CommonConfig;
  readonly registry: RegistryPort;
  readonly redis: RedisPort;
  readonly catalogue: Catalogue;
}

/**
 * Every fold, made as its service makes it, over what the current generations emit, or those of the
 * lineages that are given by name. `notes` says which cannot be made; null: nobody is told, and Redis
 * is not looked through for them.
 */
export async function makeFolds(
  sources: Sources,
  notes: string[] | null,
  given: Readonly<Record<string, string>> = {},
): Promise<AnyFold[]> {
  const { config, redis } = sources;
  const lineageOf = async (name: string): Promise<string> =>
    given[name] ?? (await readCurrent(redis, config.prefix, name))?.lineage ?? '';
  const lineages = { ingest: await lineageOf('ingest'), signals: await lineageOf('signals') };
  return [
    ...(await plainFolds(sources, lineages.ingest)),
    ...(await learningFolds(sources, { lineage: lineages.signals, notes })),
    ...(await weightsFolds(sources, await lineageOf('candidates'))),
    anyFold(openExperimentsFold(config, sources.registry, lineages.ingest)),
  ];
}

/** Every fold with a current generation; `notes` says which have none, and what was lost. */
export async function openFolds(
  sources: Sources,
  admin: KafkaAdmin,
): Promise<{ folds: VerifiedFold[]; notes: string[] }> {
  const folds: VerifiedFold[] = [];
  const { found, notes } = await foundWithLost(sources, admin);
  for (const { fold, current, lost } of found) {
    if (lost.length > 0) notes.push(lostNote(fold.name, lost));
    else if (current === null) notes.push(`${fold.name} was never started here`);
    if (current === null) continue;
    const identity = foldIdentity(fold, current.partitions);
    if (identity.hash === current.hash) folds.push({ fold, current, keys: foldKeys(current) });
    else
      notes.push(
        `${fold.name} is NOT verified: its state was folded as ${current.lineage} and the settings ` +
          `here make ${identity.lineage}; run verify with the settings of the service`,
      );
  }
  return { folds, notes };
}

const lostNote = (name: string, partitions: readonly number[]): string =>
  `${name} is NOT verified in partition ${partitions.join(', ')}: it was folded before, and Redis ` +
  `does not know of it: state was lost. \`npx freshet rebuild ${serviceOf(name)}\` folds it again`;

interface FoundFold {
  readonly fold: AnyFold;
  readonly current: CurrentGeneration | null;
  /** Partitions. */
  readonly lost: readonly number[];
}

/**
 * Every fold, and which partitions of it were lost. The identity of what follows a fold has that
 * fold's own in it: where its pointer is lost, too, it is the one that it would be given now.
 */
async function foundWithLost(
  sources: Sources,
  admin: KafkaAdmin,
): Promise<{ found: FoundFold[]; notes: string[] }> {
  const { config, redis } = sources;
  const given: Record<string, string> = {};
  for (;;) {
    const notes: string[] = [];
    const found: FoundFold[] = [];
    const known = Object.keys(given).length;
    for (const fold of await makeFolds(sources, notes, given)) {
      const { name, input } = fold;
      const prefix = prefixFor(config.prefix, name);
      const current = await readCurrent(redis, prefix, name);
      const counts = await admin.partitionCounts([input.topic]);
      const { lineage } = current ?? foldIdentity(fold, counts.get(input.topic) ?? 0);
      const topics = inputsOf(fold).map(({ topic }) => topic);
      const at = { prefix, name, topics, current, lineage };
      const lost = await lostPartitions({ admin, redis }, at);
      found.push({ fold, current, lost });
      if (current === null && lost.length > 0) given[name] = lineage;
    }
    if (Object.keys(given).length === known) return { found, notes };
  }
}

const anyFold = <In, Row, Out, Shared>(fold: Fold<In, Row, Out, Shared>): AnyFold =>
  fold as unknown as AnyFold;

function decoderOf<T>(
  { config, registry }: Sources,
  topic: Topic,
  schema: object,
): TopicDecoder<T> {
  return new TopicDecoder<T>({
    registry,
    subject: `${topicName(config.prefix, topic)}-value`,
    schema,
    valueBytesMax: topic.messageBytesMax,
  });
}

async function plainFolds(sources: Sources, lineage: string): Promise<AnyFold[]> {
  const { config, registry } = sources;
  const { types, userHorizonMs: horizonMs } = config;
  const topic = topicName(config.prefix, interactions);
  const target = topicName(config.prefix, itemSignals);
  const decoder = decoderOf<Interaction>(sources, interactions, interactionSchema);
  const common = { topic, lineage, decoder, types, horizonMs };
  const { recentItemsMax, packBytesMax } = signalsConfig();
  const encode = await openEncoder<SignalPack>(registry, `${target}-value`, signalPackSchema);
  return [
    anyFold(await openIngestFold(config, registry)),
    anyFold(await openExternalFold(config, registry)),
    ...(setOf(config.prefix) === 1 ? [] : [anyFold(openRepartitionFold(config, registry))]),
    anyFold(await openControlFold(config, registry)),
    anyFold(openServedFold(config, registry)),
    anyFold(
      userFeaturesFold({
        ...common,
        limits: userFeaturesConfig(),
        attributes: config.profileAttributes,
      }),
    ),
    anyFold(seenItemsFold({ ...common, limits: seenItemsConfig() })),
    anyFold(
      signalsFold({
        topic,
        lineage,
        types,
        horizonMs,
        decoder: decoderOf<SignalInteraction>(sources, interactions, signalInteractionSchema),
        recentItemsMax,
        sides: userSides,
        packing: { topic: target, partitions: config.partitions, encode, packBytesMax },
      }),
    ),
  ];
}

/** None where no model in use learns weights and none were ever learned. */
async function weightsFolds(sources: Sources, lineage: string): Promise<AnyFold[]> {
  const { config, redis, catalogue } = sources;
  const topic = topicName(config.prefix, trainingExamples);
  const decoder = decoderOf<TrainingPack>(sources, trainingExamples, trainingPackSchema);
  const fold = weightsFold({ topic, lineage, decoder, kinds });
  const inUse = personalModels(catalogue.modelsInUse(), kinds);
  const isWanted = inUse.some(({ retrieval }) => retrieval.trainer !== null);
  const isThere = (await readCurrent(redis, config.prefix, fold.name)) !== null;
  return isWanted || isThere ? [anyFold(fold)] : [];
}

/** One per learning identity that has state, whether or not a context still uses it. */
async function learningFolds(
  sources: Sources,
  { lineage, notes }: { lineage: string; notes: string[] | null },
): Promise<AnyFold[]> {
  const { config, redis, catalogue } = sources;
  const learners = learnersOf(catalogue.models, kinds);
  const inUse = learnersOf(catalogue.modelsInUse(), kinds).keys();
  const stored = await storedLearners(redis, config.prefix, notes === null ? learners : null);
  const folds: AnyFold[] = [];
  for (const name of [...new Set([...inUse, ...stored])].toSorted()) {
    const learner = learners.get(name);
    if (learner === undefined) {
      notes?.push(`${name} is NOT verified: no model that learns so is published any more`);
      continue;
    }
    const decoder = decoderOf<SignalPack>(sources, itemSignals, signalPackSchema);
    const topic = topicName(config.prefix, itemSignals);
    const { types, itemHorizonMs: horizonMs } = config;
    const common = { topic, lineage, decoder, types, horizonMs };
    folds.push(anyFold(learningFold({ ...common, learner, cacheBytesMax: 0 })));
  }
  return folds;
}
