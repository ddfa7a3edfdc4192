import { openAdmin } from '../../lib/kafka/admin.ts';
import { readBuilds } from '../../lib/stream/builds.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { serviceOf } from '../data/progress-of-services.ts';
import { type AnyFold, makeFolds, type Sources } from '../verify/folds.ts';

/** Emitters whose lineage others' identities hold, in the order of the flow. */
const emitters = ['ingest', 'signals'] as const;

/**
 * A fold, and, where it would emit as another lineage than the one that is current, everything that
 * reads it, and reads that: with another lineage before them, old readers would see nothing more.
 * Also what a command before has left of such a group.
 */
export async function openGroup(fold: AnyFold, sources: Sources): Promise<readonly AnyFold[]> {
  const service = serviceOf(fold.name);
  const at = emitters.findIndex((name) => name === service);
  if (at < 0) return [fold];
  const partitions = await partitionsOf(fold, sources);
  const identity = foldIdentity(fold, partitions);
  const current = await readCurrent(sources.redis, sources.config.prefix, fold.name);
  const isChanged = current !== null && current.hash !== identity.hash;
  const readers = await readersOf(fold, { sources, lineage: identity.lineage });
  if (isChanged) return [fold, ...readers];
  const left: AnyFold[] = [];
  for (const reader of readers) {
    const { building } = await readBuilds(sources.redis, sources.config.prefix, reader.name);
    if (building === null) continue;
    const { hash, partitions: count } = building.generation;
    if (hash === foldIdentity(reader, count).hash && building.replaces?.hash !== hash)
      left.push(reader);
  }
  // The fold itself was switched: what is left are readers that were not.
  return current !== null && left.length > 0 ? left : [fold];
}

async function partitionsOf(fold: AnyFold, { config }: Sources): Promise<number> {
  const admin = await openAdmin(config.kafka);
  try {
    const { topic } = fold.input;
    return (await admin.partitionCounts([topic])).get(topic) ?? 0;
  } finally {
    await admin.close();
  }
}

/** Folds that have state and read what `fold` emits, or what such a one emits. */
async function readersOf(
  fold: AnyFold,
  { sources, lineage }: { readonly sources: Sources; readonly lineage: string },
): Promise<AnyFold[]> {
  const { config, redis } = sources;
  const given: Record<string, string> = { [fold.name]: lineage };
  const made = await makeFolds(sources, null, given);
  const signals = made.find(({ name }) => name === 'signals');
  // Signals of another lineage are another lineage themselves.
  if (signals !== undefined && fold.name === 'ingest')
    given['signals'] = foldIdentity(signals, config.partitions).lineage;
  const readers: AnyFold[] = [];
  for (const one of await makeFolds(sources, null, given)) {
    if (one.name === fold.name || (await readCurrent(redis, config.prefix, one.name)) === null)
      continue;
    const lineages = Object.values(given);
    if (inputsOf(one).some((input) => lineages.includes(input.lineage ?? ''))) readers.push(one);
  }
  return readers;
}
