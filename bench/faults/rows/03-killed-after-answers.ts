import { dieAtFailpoints } from '../failpoints.ts';
import type { FaultRow } from '../row.ts';

export const row: FaultRow = {
  row: 3,
  title: 'a worker dies between answering and committing its offset',
  alone: true,
  inject: async (bed, options) => {
    const before = await bed.count();
    const died = await dieAtFailpoints(bed, options, ['before_offset_commit']);
    const { answeredAgain } = await bed.count();
    const again = answeredAgain - before.answeredAgain;
    return {
      notes: `${died.notes ?? ''}; ${again} answers were said again`,
      figures: { ...died.figures, said_again: again },
    };
  },
};
