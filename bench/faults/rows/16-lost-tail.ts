import { appendedBytes, cutTail } from '../append-only.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { pause } from '../waiting.ts';
import { primaryOf } from '../redis-roles.ts';

/** The last writes of Redis are gone after a crash: state and offsets go back together. */
export const row: FaultRow = {
  row: 16,
  title: 'Redis loses its tail',
  verifiedDuring: false,
  alone: true,
  inject: async (bed, { seconds, random, signal }) => {
    const primary = await primaryOf(bed);
    const before = appendedBytes(primary.dataDir);
    await pause((seconds * 1_000) / 2, signal);
    await primary.kill();
    // Of what was written meanwhile.
    const written = appendedBytes(primary.dataDir) - before;
    const bytes = Math.floor(written * (0.2 + random.next() * 0.7));
    cutTail(primary.dataDir, bytes);
    await primary.restart();
    await pause((seconds * 1_000) / 2, signal);
    if (bytes <= 0) throw new FaultMissed('there was no tail to cut');
    return { figures: { cut_bytes: bytes } };
  },
};
