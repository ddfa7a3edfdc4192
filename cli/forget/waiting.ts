import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { holds } from '../../services/control/begin.ts';
import { exposures } from '../../topics/exposures.ts';
import { exposuresBeside } from '../../topics/repartitioned-exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { currentGenerations, serviceOf } from '../data/progress-of-services.ts';

/** What each service hears of it by, in the order of its header; null: it hears nothing of it. */
const hearsByIn = (prefix: string): Readonly<Record<string, readonly (Topic | null)[]>> => ({
  // Before those who hear of it through this one.
  repartition: [exposures],
  'user-features': [interactions],
  'seen-items': [interactions],
  signals: [interactions],
  candidates: [interactions, exposuresBeside(prefix)],
  experiments: [interactions, exposuresBeside(prefix)],
  served: [exposures],
  external: [externalCandidates],
});
const teaches: readonly Topic[] = [itemSignals];

export interface WaitingOptions {
  readonly config: CommonConfig;
  readonly admin: KafkaAdmin;
  readonly redis: RedisPort;
  readonly userId: string;
  readonly timeoutMs: number;
}

const lookMs = 100;

/** Waits until every service that has state is past what was sent, each in the order of the flow. */
export async function untilForgotten(options: WaitingOptions): Promise<void> {
  const { config, redis } = options;
  const giveUpMs = monotonicMs() + options.timeoutMs;
  const otherSet = await notCurrentSet(redis, config);
  if (otherSet !== null) throw new UserError(`${otherSet}: forget with that`);
  const generations = await currentGenerations(redis, config.prefix);
  const of = (service: string): CurrentGeneration[] =>
    generations.filter(({ name }) => serviceOf(name) === service);
  const [ingest] = of('ingest');
  if (ingest === undefined) {
    const isLost = await holds(options.admin, topicName(config.prefix, interactions));
    throw new UserError(`${isLost ? lost : neverStarted}. ${staysSaid}`);
  }
  const wait = waiter(options, giveUpMs);
  await wait(ingest, await endsOf(options, [userEvents], allPartitions(ingest)));
  // Whatever ingest had to say is there by now: it is acknowledged before its offset is stored.
  for (const [service, topics] of Object.entries(hearsByIn(config.prefix)))
    for (const generation of of(service)) {
      const own = partitionOf(options.userId, generation.partitions);
      await wait(generation, await endsOf(options, topics, [own]));
    }
  for (const generation of of('learning'))
    await wait(generation, await endsOf(options, teaches, allPartitions(generation)));
}

const neverStarted = 'ingest was never started here: run `npx freshet run ingest`';
const lost =
  'Redis holds nothing of ingest, which has run before: its state was lost, so fold it again as ' +
  'runbooks/redis-empty.md says (`npx freshet rebuild ingest` first)';
const staysSaid =
  'What was said stays said, and holds when services come to it; the same command again makes the receipt';

const allPartitions = ({ partitions }: CurrentGeneration): number[] =>
  Array.from({ length: partitions }, (_, partition) => partition);

/** What has to be folded in a partition: the end of each input as it is now. */
interface Goal {
  readonly partition: number;
  readonly offsets: readonly number[];
}

async function endsOf(
  { admin, config }: WaitingOptions,
  topics: readonly (Topic | null)[],
  partitions: readonly number[],
): Promise<Goal[]> {
  const ends = await Promise.all(
    topics.map(async (topic) =>
      topic === null ? [] : admin.topicOffsets(topicName(config.prefix, topic)),
    ),
  );
  return partitions.map((partition) => ({
    partition,
    offsets: ends.map((of) => of.find((one) => one.partition === partition)?.high ?? 0),
  }));
}

function waiter({ redis }: WaitingOptions, giveUpMs: number) {
  return async (generation: CurrentGeneration, goals: readonly Goal[]): Promise<void> => {
    const keys = foldKeys(generation);
    for (;;) {
      const headers = await redis.mgetMany(goals.map(({ partition }) => [keys.header(partition)]));
      const behind = goals.flatMap(({ partition, offsets }, at) => {
        const header = headers[at]?.[0] ?? null;
        const stands = header === null ? [] : parseHeader(header).offsets;
        const input = offsets.findIndex((offset, of) => (stands[of] ?? 0) < offset);
        return input < 0 ? [] : [{ partition, at: stands[input] ?? 0, of: offsets[input] ?? 0 }];
      });
      const [first] = behind;
      if (first === undefined) return;
      if (monotonicMs() > giveUpMs)
        throw new UserError(
          `${generation.name} has not come to it yet (partition ${first.partition} stands at ` +
            `${first.at} of ${first.of}): is it running? ${staysSaid}`,
        );
      await pause(lookMs);
    }
  };
}
