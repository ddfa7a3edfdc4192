import { monotonicMs } from '../../../lib/clock.ts';
import { FaultMissed, type FaultRow, type Link } from '../row.ts';
import { pause } from '../waiting.ts';

const produce = 0;

/** A request begins with its size (four bytes) and the number of its API. */
export const isProduce = (request: Buffer): boolean =>
  request.length >= 8 && request.readInt16BE(4) === produce;

export const row: FaultRow = {
  row: 12,
  title: 'replies of brokers to sends are lost',
  inject: async (bed, { seconds, random, signal }) => {
    const endMs = monotonicMs() + seconds * 1_000;
    const links: readonly Link[] = [
      ...bed.workers.flatMap(({ kafka }) => kafka),
      ...bed.load.kafka,
    ];
    let lost = 0;
    while (monotonicMs() < endMs && !signal.aborted) {
      const counts = links.map((link) => link.loseReplies({ times: 1, of: isProduce }));
      await pause(random.whole(1_000, 3_000), signal);
      for (const link of links) link.heal();
      lost += counts.reduce((sum, count) => sum + count(), 0);
    }
    if (lost === 0) throw new FaultMissed('no reply was lost: nothing was tried');
    return { notes: `${lost} replies lost`, figures: { replies_lost: lost } };
  },
};
