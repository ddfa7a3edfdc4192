import type { InFlight } from '../../lib/kafka/course.ts';
import type { Turns } from '../../lib/turns.ts';

/** Until the answers of a batch are acknowledged, folds of the same process give way. */
export const giveWay = (
  turns: Pick<Turns, 'answering'> | undefined,
  work: () => Promise<InFlight>,
): Promise<InFlight> => {
  const served = work();
  // It says itself how it ended.
  void turns?.answering(async () => (await served).sent).catch(() => undefined);
  return served;
};
