import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { repartitionedExposures } from '../../topics/repartitioned-exposures.ts';
import { exposures } from '../../topics/exposures.ts';
import { commands } from '../../topics/commands.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { userEvents } from '../../topics/user-events.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { readCatalogue } from '../data/definitions.ts';
import { refuseWithoutTopics } from '../data/progress-of-services.ts';
import { openDecoder } from '../data/topic-values.ts';
import { AnswerCheck } from './answers.ts';
import { interactionsReader, repartitionedReader, signalsReader } from './emitted.ts';
import { type Ends, endsNamed, endsOf, topicEnds } from './ends.ts';
import { FailedOnTopic } from './failures.ts';
import { openFolds, type Sources, type VerifiedFold } from './folds.ts';
import { MarkerCheck } from './markers.ts';
import { refoldBoth } from './refold-both.ts';
import { refoldTopic, type TopicRun } from './refold-topic.ts';
import type { VerifyReport } from './report.ts';
import { readStored, type StoredPartition } from './stored.ts';

export type { VerifyReport } from './report.ts';

export interface VerifyOptions {
  readonly config: CommonConfig;
  /** Told what is being done: a large log takes minutes. */
  readonly log?: (line: string) => void;
}

/**
 * Compares everything that is stored and emitted with what the logs say (DESIGN section 4), while
 * services go on. First the stored state is read, then the ends of the topics are taken from the
 * last one of the flow to the first: so whatever state and emissions came from lies within the
 * ends of what they came from.
 */
export async function verifyAll({ config, log }: VerifyOptions): Promise<VerifyReport> {
  const say = log ?? (() => undefined);
  const redis = await openRedis(config.redis);
  try {
    const registry = openRegistry(config.registry);
    const { folds, notes } = await foldsOf({ config, registry, redis });
    say('reading what is stored');
    const stored = await readStored(redis, folds);
    const ends = await topicEnds(config);
    const failed = await FailedOnTopic.read(config, endsOf(ends, config, failedEvents).high);
    say('reading answers');
    const answers = await AnswerCheck.read(config, ends);
    const markers = new MarkerCheck(config, ends);
    const run: RunDeps = { config, folds, stored, ends, failed, answers, markers, say };
    const services = await refoldAll(run);
    const otherSet = await notCurrentSet(redis, config);
    if (otherSet !== null) notes.push(`${otherSet}: what is verified here is not what serves`);
    notes.push(...answers.notes);
    const own = answers.report();
    const differences =
      services.reduce((sum, service) => sum + service.differences, 0) + own.differences;
    // What could not be verified is no success.
    const unverified = notes.filter((note) => note.includes('NOT verified')).length;
    return { differences: differences + unverified, services, answers: own, notes };
  } finally {
    await redis.close();
  }
}

async function foldsOf(sources: Omit<Sources, 'catalogue'>): ReturnType<typeof openFolds> {
  const { config } = sources;
  const admin = await openAdmin(config.kafka);
  try {
    await refuseWithoutTopics(config.prefix, admin);
    return await openFolds({ ...sources, catalogue: await readCatalogue(config) }, admin);
  } finally {
    await admin.close();
  }
}

/** Written by others' producers, which may use transactions. */
const foreign: readonly Topic[] = [userEvents, externalCandidates, commands];

interface RunDeps {
  readonly config: CommonConfig;
  readonly folds: readonly VerifiedFold[];
  readonly stored: ReadonlyMap<VerifiedFold, StoredPartition[]>;
  readonly ends: Ends;
  readonly failed: FailedOnTopic;
  readonly answers: AnswerCheck;
  readonly markers: MarkerCheck;
  readonly say: (line: string) => void;
}

async function refoldAll(run: RunDeps): Promise<VerifyReport['services']> {
  const { config, folds } = run;
  const lineageOf = (name: string): string =>
    folds.find(({ fold }) => fold.name === name)?.current.lineage ?? '';
  const reader = (topic: Topic) => {
    if (topic === interactions) {
      const decoder = openDecoder<Interaction>(config, topic);
      return interactionsReader(decoder, lineageOf('ingest'));
    }
    if (topic === repartitionedExposures) return repartitionedReader;
    const decoder = openDecoder<SignalPack>(config, topic);
    return signalsReader(decoder, { lineage: lineageOf('signals'), types: config.types });
  };
  const services = [];
  for (const [source, target] of [
    [userEvents, interactions],
    [interactions, itemSignals],
    [itemSignals, null],
    // Examples depend on when their lists were made: they are taken as they are on the topic.
    [trainingExamples, null],
    [externalCandidates, null],
    [commands, null],
    [exposures, repartitionedExposures],
  ] as const) {
    const topic = topicName(config.prefix, source);
    const own = folds.filter(({ fold }) => fold.input.topic === topic && fold.ahead === undefined);
    if (own.length === 0) continue;
    run.say(`folding ${topic} again`);
    const topicRun: TopicRun = {
      ...run,
      topic,
      foreign: foreign.includes(source),
      folds: own,
      low: endsOf(run.ends, config, source).low,
      high: endsOf(run.ends, config, source).high,
      emitted:
        target === null
          ? null
          : {
              topic: topicName(config.prefix, target),
              low: endsOf(run.ends, config, target).low,
              to: endsOf(run.ends, config, target).high,
              reader: reader(target),
            },
    };
    services.push(...(await refoldTopic(topicRun)));
  }
  return [...services, ...(await refoldTwofold(run))];
}

/** Folds of two inputs: each reads both logs. */
async function refoldTwofold(run: RunDeps): Promise<VerifyReport['services']> {
  const { config, stored, failed } = run;
  const services = [];
  for (const verified of run.folds) {
    const inputs = inputsOf(verified.fold);
    if (inputs.length < 2) continue;
    run.say(`folding ${inputs.map(({ topic }) => topic).join(' and ')} again`);
    const ends = inputs.map(({ topic }) => endsNamed(run.ends, topic));
    services.push(
      await refoldBoth({ config, verified, stored: stored.get(verified) ?? [], ends, failed }),
    );
  }
  return services;
}
