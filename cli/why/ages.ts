import type { CommonConfig } from '../../lib/config/common.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generation } from '../../lib/stream/generations.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import { weightsFoldName } from '../../retrieval/learned-weights.ts';
import type { ReadyModel } from '../../retrieval/personal-models.ts';
import { readAll } from '../../services/serving/reads.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { recordTimes, type Spot, spotName } from '../data/record-times.ts';

/** Up to where a fold has come; null: nothing yet. */
export interface LearnedUpTo {
  /** When the newest record that it has folded was appended. */
  readonly newestAtMs: number | null;
}

export interface LearnedAges {
  /** Rows and rankings, by name of the fold. */
  readonly learned: ReadonlyMap<string, LearnedUpTo>;
  /** Weights, by model version. */
  readonly weights: ReadonlyMap<string, LearnedUpTo>;
}

const lookMsMax = 10_000;

/**
 * How new what was learned is: of each fold the last record that it has folded, and when that was
 * appended. Folds keep no clock of their own.
 */
export async function learnedAges(
  models: readonly ReadyModel[],
  given: {
    readonly config: CommonConfig;
    readonly redis: Pick<RedisPort, 'mgetMany'>;
    readonly generations: ReadonlyMap<string, Generation>;
  },
): Promise<LearnedAges> {
  const { config, redis, generations } = given;
  const asked = new Map<string, { readonly key: string; readonly topic: string; at: number }[]>();
  const signals = topicName(config.prefix, itemSignals);
  for (const name of new Set(models.flatMap(({ learned }) => learned))) {
    const keys = name.startsWith('learning:') ? generations.get(name) : undefined;
    if (keys === undefined) continue;
    const parts = Array.from({ length: keys.current.partitions }, (_, at) => ({
      key: keys.keys.header(at),
      topic: signals,
      at,
    }));
    asked.set(name, parts);
  }
  const weights = generations.get(weightsFoldName);
  for (const model of models) {
    const trainer = model.kind === 'personal' ? model.retrieval.trainer : null;
    if (trainer === null || weights === undefined) continue;
    const at = partitionOf(trainer.name, weights.current.partitions);
    const topic = topicName(config.prefix, trainingExamples);
    asked.set(model.version, [{ key: weights.keys.header(at), topic, at }]);
  }
  const parts = [...asked.values()].flat();
  const headers = await readAll(redis, new Set(parts.map(({ key }) => key)));
  const spotAt = ({ key, topic, at }: (typeof parts)[number]): Spot | null => {
    const next = offsetIn(headers.get(key) ?? null);
    return next === 0 ? null : { topic, partition: at, offset: next - 1 };
  };
  const spots = parts.map(spotAt).filter((spot) => spot !== null);
  const times = await recordTimes(config, spots, lookMsMax);
  const upTo = (own: typeof parts): LearnedUpTo => {
    const found = own.flatMap((part) => {
      const spot = spotAt(part);
      const atMs = spot === null ? undefined : times.get(spotName(spot));
      return atMs === undefined ? [] : [atMs];
    });
    return { newestAtMs: found.length === 0 ? null : Math.max(...found) };
  };
  const all = [...asked].map(([name, own]) => [name, upTo(own)] as const);
  return {
    learned: new Map(all.filter(([name]) => name.startsWith('learning:'))),
    weights: new Map(all.filter(([name]) => !name.startsWith('learning:'))),
  };
}
