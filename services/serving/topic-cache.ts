import { within } from '../../lib/deadline.ts';

interface Admin {
  partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export interface TopicCacheOptions {
  readonly open: () => Promise<Admin>;
  readonly ageMsMax: number;
  readonly deadlineMs: number;
  readonly clockMs: () => number;
}

const topicsMax = 1_000;

/** Partition counts of topics that are not ours; a topic that is not there is asked for again. */
export const topicCache = (
  options: TopicCacheOptions,
): ((topic: string) => Promise<number | undefined>) => {
  const known = new Map<string, { readonly partitions: number; readonly atMs: number }>();
  return async (topic) => {
    const cached = known.get(topic);
    if (cached !== undefined && options.clockMs() - cached.atMs < options.ageMsMax)
      return cached.partitions;
    const partitions = await ask(options, topic);
    if (known.size >= topicsMax) known.clear();
    if (partitions === undefined) known.delete(topic);
    else known.set(topic, { partitions, atMs: options.clockMs() });
    return partitions;
  };
};

const ask = async (options: TopicCacheOptions, topic: string): Promise<number | undefined> => {
  const asking = (async () => {
    const admin = await options.open();
    try {
      return (await admin.partitionCounts([topic])).get(topic);
    } finally {
      await admin.close();
    }
  })();
  const answer = await within(options.deadlineMs, asking);
  if (answer !== 'late') return answer;
  asking.catch(() => undefined);
  throw new Error('the brokers did not answer in time');
};
