import type { CommonConfig } from '../../lib/config/common.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import type { DefinitionRecord } from '../../models/catalogue.ts';
import { parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { foldNameOf } from '../../models/learning-identity.ts';
import { decodeWarmMarks, warmMarksKey } from '../../services/candidates/warm-marks.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { openProgress, type Progress } from '../data/progress-of-services.ts';
import { coldLists, type PartitionOfLists } from './warmth-of-lists.ts';

/** Records that a fold may have before it and still count as caught up: it is never quite still. */
const lagMax = 1_000;
const candidates = 'candidates';

const retrievalOf = (record: DefinitionRecord) => {
  const parsed = parseModel(record.content, kinds);
  if (!parsed.ok) return undefined;
  const { kind, learning, retrieval } = parsed.value;
  return kinds.get(kind)?.retrieval(learning, retrieval);
};

/** The folds that a version's lists are made from. */
export const foldsOfVersion = (record: DefinitionRecord): string[] => [
  ...new Set((retrievalOf(record)?.sources ?? []).map(foldNameOf)),
];

/** Whether a version keeps a list per user; others are ranked when they are asked for. */
export const keepsLists = (record: DefinitionRecord): boolean =>
  retrievalOf(record)?.shared === false;

/** Why a version is not warm: its folds are not there yet, or not caught up. One line each. */
export const coldReasons = (
  versions: readonly DefinitionRecord[],
  progress: readonly Pick<Progress, 'service' | 'lag'>[],
): string[] =>
  versions.flatMap((record) =>
    foldsOfVersion(record).flatMap((fold) => {
      const rows = progress.filter(({ service }) => service === fold);
      const lag = rows.reduce((sum, row) => sum + row.lag, 0);
      if (rows.length === 0) return [`${record.version}: ${fold} has not been started`];
      return lag > lagMax ? [`${record.version}: ${fold} has ${lag} records before it`] : [];
    }),
  );

/**
 * Why versions would not answer all users of an experiment from its first moment on. `experiment`:
 * its version, which says who they are.
 */
export async function coldVersions(
  config: CommonConfig,
  versions: readonly DefinitionRecord[],
  experiment: string,
): Promise<string[]> {
  const reader = await openProgress(config);
  const redis = await openRedis(config.redis);
  try {
    const otherSet = await notCurrentSet(redis, config);
    if (otherSet !== null) return [otherSet];
    const { progress } = await reader.read();
    const folds = coldReasons(versions, progress);
    const personal = versions.filter(keepsLists).map(({ version }) => version);
    if (personal.length === 0) return folds;
    const partitions = await partitionsOfLists(redis, config, progress);
    return [...folds, ...coldLists(personal, { partitions, experiment, lagMax })];
  } finally {
    await redis.close();
    await reader.close();
  }
}

/** Null: no list was ever made here. */
async function partitionsOfLists(
  redis: RedisPort,
  { prefix }: CommonConfig,
  progress: readonly Progress[],
): Promise<readonly PartitionOfLists[] | null> {
  const current = await readCurrent(redis, prefix, candidates);
  if (current === null) return null;
  const keys = foldKeys(current);
  const all = Array.from({ length: current.partitions }, (_, partition) => partition);
  const stored = await redis.mgetMany(
    all.map((at) => [keys.header(at), keys.row(at, warmMarksKey)]),
  );
  const topic = topicName(prefix, interactions);
  return all.map((partition) => {
    const [header = null, marks = null] = stored[partition] ?? [];
    const own = progress.find(
      (row) => row.service === candidates && row.topic === topic && row.partition === partition,
    );
    return { isBegun: header !== null, marks: decodeWarmMarks(marks), lag: own?.lag ?? 0 };
  });
}
