import type { ExperimentRecord } from './definition.ts';

/**
 * Whether users come to an experiment. `ahead` and `ended`: it runs, and holds its context as it
 * is, though its `startsAt` is still to come or its `endsAt` has passed.
 */
export type Intake =
  | { readonly kind: 'open' | 'closed' }
  | { readonly kind: 'ahead' | 'ended'; readonly atMs: number };

export const intakeOf = (
  { state, definition }: Pick<ExperimentRecord, 'state' | 'definition'>,
  nowMs: number,
): Intake => {
  if (state !== 'running') return { kind: 'closed' };
  const { startsAtMs, endsAtMs } = boundsOf(definition);
  if (endsAtMs !== null && endsAtMs <= nowMs) return { kind: 'ended', atMs: endsAtMs };
  if (startsAtMs !== null && startsAtMs > nowMs) return { kind: 'ahead', atMs: startsAtMs };
  return { kind: 'open' };
};

export const nobodyComes = ({ kind }: Intake): boolean => kind === 'closed' || kind === 'ended';

export const boundsOf = ({ startsAt, endsAt }: ExperimentRecord['definition']) => ({
  startsAtMs: startsAt === undefined ? null : Date.parse(startsAt),
  endsAtMs: endsAt === undefined ? null : Date.parse(endsAt),
});
