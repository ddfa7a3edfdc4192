import type { Fold, Horizon } from './topology.ts';

/**
 * Whether a row counts as absent, where the newest event of its partition is of `newestMs`. Both
 * come from the log alone, so this is true of the same rows at the same offset for everybody; and
 * since `newestMs` never falls, an expired row stays so until its user's next event.
 */
export const isExpired = <In, Row>(
  { ms, lastMs }: Horizon<In, Row>,
  row: Row,
  newestMs: number,
): boolean => lastMs(row) + ms < newestMs;

/**
 * From when on nothing can have expired at a partition's newest event; null: nothing has at all.
 * An absent row is only known to have been absent since then.
 */
export const completeSince = (horizonMs: number, newestMs: number): number | null =>
  newestMs > horizonMs ? newestMs - horizonMs : null;

export function refuseHorizon<In, Row, Out, Shared>(fold: Fold<In, Row, Out, Shared>): void {
  const { horizon, name } = fold;
  if (horizon === null) return;
  if (!(horizon.ms > 0)) throw new Error(`${name}: a horizon of ${horizon.ms} ms is none`);
}
