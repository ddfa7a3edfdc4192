import { cutTail } from '../append-only.ts';
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
    await pause((seconds * 1_000) / 2, signal);
    const primary = await primaryOf(bed);
    await primary.kill();
    const { bytes } = cutTail(primary.dataDir, 0.05 + random.next() * 0.3);
    await primary.restart();
    await pause((seconds * 1_000) / 2, signal);
    if (bytes === 0) throw new FaultMissed('there was no tail to cut');
    return { figures: { cut_bytes: bytes } };
  },
};
