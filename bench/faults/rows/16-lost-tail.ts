import { appendedBytes, cutTail } from '../append-only.ts';
import { secondsUntilAllGoOn } from '../progress-watch.ts';
import {
  type FaultBed,
  FaultMissed,
  type FaultRow,
  type InjectOptions,
  type RedisNode,
} from '../row.ts';
import { pause, until } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

const failoverSecondsMax = 15;

/** The last writes of Redis are gone after a crash: state and offsets go back together. */
export const row: FaultRow = {
  row: 16,
  title: 'Redis loses its tail: of its file, and in a failover',
  verifiedDuring: false,
  alone: true,
  inject: async (bed, options) => {
    const bytes = await cutFile(bed, options);
    const { lost, seconds } = await failOver(bed, options);
    return {
      notes: `went on ${seconds.toFixed(1)} s after the replica was the primary`,
      figures: {
        cut_bytes: bytes,
        failover_lost_bytes: lost,
        failover_s: Math.round(seconds * 10) / 10,
      },
    };
  },
};

async function cutFile(bed: FaultBed, options: InjectOptions): Promise<number> {
  const { seconds, random, signal } = options;
  const primary = await primaryOf(bed);
  await keepsFile(primary, signal);
  const before = appendedBytes(primary.dataDir);
  await pause((seconds * 1_000) / 3, signal);
  await primary.kill();
  // Of what was written meanwhile.
  const written = appendedBytes(primary.dataDir) - before;
  const bytes = Math.floor(written * (0.2 + random.next() * 0.7));
  cutTail(primary.dataDir, bytes);
  await primary.restart();
  await pause((seconds * 1_000) / 3, signal);
  if (bytes <= 0) throw new FaultMissed('there was no tail to cut');
  return bytes;
}

/** Until it is started again: what is measured by its length must not be written anew, shorter. */
async function keepsFile(node: RedisNode, signal: AbortSignal): Promise<void> {
  await node.command('CONFIG SET auto-aof-rewrite-percentage 0');
  const isStill = async (): Promise<boolean> => {
    const said = await node.command('INFO persistence');
    return ['in_progress', 'scheduled'].every((word) => said.includes(`aof_rewrite_${word}:0`));
  };
  await until(isStill, { withinMs: 60_000, what: 'Redis has written its file anew', signal });
}

/** The primary dies while its replica lacks what it has just written, and the replica goes on. */
async function failOver(
  bed: FaultBed,
  { seconds: lasts, signal }: InjectOptions,
): Promise<{ readonly lost: number; readonly seconds: number }> {
  const primary = await primaryOf(bed);
  const replica = bed.redisNodes.find((node) => node !== primary);
  if (replica === undefined) throw new FaultMissed('there is no replica');
  await keepsFile(primary, signal);
  // What a slow link does: it has got so much, and no more of it.
  await replica.command('REPLICAOF NO ONE');
  const before = appendedBytes(primary.dataDir);
  await pause((lasts * 1_000) / 3, signal);
  await primary.kill();
  const lost = appendedBytes(primary.dataDir) - before;
  if (lost <= 0) throw new FaultMissed('the replica lacked nothing');
  await bed.promote(replica);
  const within = { withinMs: 60_000, signal };
  const seconds = await secondsUntilAllGoOn(bed, within);
  if (seconds > failoverSecondsMax)
    throw new FaultMissed(`after a failover it took ${seconds.toFixed(1)} s to go on`);
  return { lost, seconds };
}
