import {
  type Arm,
  armState,
  emptyUser,
  nothingKept,
  type OutcomeSums,
  type UserRow,
} from './user-row.ts';
import type { Partials } from './partials.ts';

/** Bounds of what a user's row keeps. */
export const armsMax = 64;
export const answersMax = 100;
export const shownMax = 500;

/** What the clock of a client may differ by. */
export const skewMs = 60_000;

/** Interactions before a first exposure are counted by stretches of six hours, for 28 days. */
const periodMs = 6 * 3_600_000;
const periodsBack = 112;
/** One more than is looked back: the one of the first exposure comes after them. */
const periodsKept = periodsBack + 2;
/** An arm is forgotten so long after it is over, which is past what the log of exposures keeps. */
export const keptMs = 100 * 86_400_000;

const halfLifePeriods = 56;
const periodCountMax = 0xffff;
/** Bounds that keep sums of squares whole numbers in a double. */
const covariateMax = 2 ** 24 - 1;
const countMax = 1_000_000;
const valueMax = 10 ** 11;

/** By how many periods before the first exposure's: half after 14 days, in 64ths. */
const weights = Array.from({ length: periodsBack + 1 }, (_, back) =>
  Math.round(64 * 2 ** (-back / halfLifePeriods)),
);

const periodOf = (ms: number): number => Math.max(0, Math.floor(ms / periodMs));

/** An interaction, as far as it is looked at. Ids are hashes; 0: there is none. */
export interface Act {
  /** By the broker's clock, as all times here but the next one. */
  readonly appendedMs: number;
  readonly occurredMs: number;
  readonly item: number;
  readonly kind: number;
  readonly answer: number;
  readonly context: number;
  /** In hundredths. */
  readonly value: number;
}

/** An exposure in an experiment. */
export interface Shown {
  readonly experiment: number;
  readonly variant: number;
  readonly context: number;
  readonly creditMs: number;
  readonly answer: number;
  readonly items: readonly number[];
  readonly atMs: number;
}

/** When the last of what a row knows was, or a little later. */
export const lastOfUserMs = ({ periods, arms }: UserRow): number =>
  Math.max(((periods.at(-1)?.number ?? -1) + 1) * periodMs, ...arms.map((arm) => windowEnd(arm)));

const windowEnd = ({ firstMs, creditMs }: Arm): number => firstMs + creditMs;

/**
 * Whether an interaction is an outcome of what the user was shown before it. What was shown later
 * never counts, so it does not matter whether it is known yet.
 */
export function isCredited(act: Act, arm: Arm): boolean {
  const { appendedMs, occurredMs, answer, context, item } = act;
  if (!isWithin(act, arm)) return false;
  const answeredMs = answer === 0 ? undefined : arm.answers.get(answer);
  if (answeredMs !== undefined && answeredMs <= appendedMs) return true;
  if (context !== 0 && context !== arm.context) return false;
  const shownMs = arm.shown.get(item);
  return shownMs !== undefined && shownMs <= appendedMs && shownMs - skewMs <= occurredMs;
}

function credit(sums: OutcomeSums, slot: number, { value }: Act): void {
  sums.counts[slot] = Math.min(countMax, (sums.counts[slot] ?? 0) + 1);
  const sum = (sums.values[slot] ?? 0) + value;
  sums.values[slot] = Math.max(-valueMax, Math.min(valueMax, sum));
}

const copyOf = ({ x, counts, values }: OutcomeSums): OutcomeSums => ({
  x,
  counts: [...counts],
  values: [...values],
});

/** Folds an interaction into its user's row. `row` may be changed in place. */
export function takeInteraction(
  row: UserRow | undefined,
  act: Act,
  { partials, latenessMs }: { readonly partials: Partials; readonly latenessMs: number },
): UserRow {
  const user = row ?? emptyUser();
  const markMs = partials.passInteraction(act.appendedMs);
  const period = periodOf(act.appendedMs);
  const counted = countPeriod(user, period);
  for (const arm of user.arms) {
    // Late by its own topic's mark alone: whatever the exposures' log has come to by now.
    const isOver = markMs > windowEnd(arm) + latenessMs;
    if (isOver && arm.state !== armState.multiple && isWithin(act, arm))
      partials.countLate(arm.experiment);
    if (isOver && arm.state === armState.open) close(arm, armState.closed);
    if (arm.state !== armState.open) continue;
    const before = copyOf(arm.sums);
    if (counted) arm.sums.x = Math.min(covariateMax, arm.sums.x + weightOf(period, arm.firstMs));
    const slot = isCredited(act, arm) ? partials.slotOf(arm.experiment, act.kind) : -1;
    if (slot >= 0) credit(arm.sums, slot, act);
    if (slot >= 0 || arm.sums.x !== before.x) partials.change(arm, before, arm.sums);
  }
  return user;
}

const isWithin = ({ appendedMs }: Act, arm: Arm): boolean =>
  appendedMs >= arm.firstMs && appendedMs <= windowEnd(arm);

const weightOf = (period: number, firstMs: number): number => {
  const back = periodOf(firstMs) - period;
  return back > 0 ? (weights[back] ?? 0) : 0;
};

/** What was before the first exposure, of what is kept. */
export const covariateOf = ({ periods }: UserRow, firstMs: number): number =>
  Math.min(
    covariateMax,
    periods.reduce((sum, { number, count }) => sum + count * weightOf(number, firstMs), 0),
  );

/** False where the period is too old, or full. A rule on the user's own interactions alone. */
function countPeriod({ periods }: UserRow, period: number): boolean {
  const newest = Math.max(period, periods.at(-1)?.number ?? 0);
  if (period <= newest - periodsKept) return false;
  const at = periods.findLastIndex(({ number }) => number <= period);
  const same = periods[at];
  if (same?.number === period) {
    if (same.count >= periodCountMax) return false;
    same.count += 1;
    return true;
  }
  periods.splice(at + 1, 0, { number: period, count: 1 });
  while ((periods[0]?.number ?? period) <= newest - periodsKept) periods.shift();
  return true;
}

function close(arm: Arm, state: number): void {
  arm.state = state;
  Object.assign(arm, nothingKept());
}

/** The user's present part in an experiment; one that leaves is past. */
export const armIn = ({ arms }: UserRow, experiment: number): Arm | undefined =>
  arms.find((arm) => arm.experiment === experiment && arm.leaves === 0);

export type ExposureTaken = 'counted' | 'duplicate' | 'too_many' | 'over' | 'multiple' | 'unplaced';

/**
 * Folds an exposure into its user's row, which is changed in place where the result is 'counted' or
 * 'multiple'. `begin` is called where it is the user's first in the experiment.
 */
export function takeExposure(
  user: UserRow,
  shown: Shown,
  { partials, begin }: { readonly partials: Partials; readonly begin: (arm: Arm) => void },
): ExposureTaken {
  const known = armIn(user, shown.experiment);
  if (known === undefined) {
    const arm = beginArm(user, shown);
    if (arm === null) return 'unplaced';
    begin(arm);
    show(arm, shown);
    return 'counted';
  }
  if (known.state !== armState.open || shown.atMs > windowEnd(known)) return 'over';
  if (known.variant !== shown.variant) {
    partials.leave(known);
    close(known, armState.multiple);
    return 'multiple';
  }
  if (known.answers.has(shown.answer)) return 'duplicate';
  if (known.answers.size >= answersMax) return 'too_many';
  show(known, shown);
  return 'counted';
}

/**
 * The log of exposures says that the user is to be forgotten. Interactions from before may still
 * have to come, or be folded already: so the arms go when the interaction of the same event comes.
 */
export function markLeaving(user: UserRow, event: number): UserRow | null {
  const staying = user.arms.filter(({ leaves }) => leaves === 0);
  for (const arm of staying) arm.leaves = event;
  return staying.length > 0 ? user : null;
}

/**
 * The log of interactions says it, and exposures are past their own record of it. What arms that
 * still run have added to sums is taken off; sums of those that are over stay, without anybody's
 * name. Other arms begin anew: what came before this counts for none of them. Null: nothing is left.
 */
export function forget(
  user: UserRow,
  { event, appendedMs }: { readonly event: number; readonly appendedMs: number },
  { partials, latenessMs }: { readonly partials: Partials; readonly latenessMs: number },
): UserRow | null {
  const markMs = partials.passInteraction(appendedMs);
  for (const arm of user.arms) {
    if (arm.state !== armState.open) continue;
    if (markMs > windowEnd(arm) + latenessMs) close(arm, armState.closed);
    else if (arm.leaves === event) partials.withdraw(arm);
    else restart(arm, partials);
  }
  const arms = user.arms.filter(({ leaves }) => leaves !== event);
  return arms.length === 0 ? null : { periods: [], arms };
}

function restart(arm: Arm, partials: Partials): void {
  const { counts, values } = arm.sums;
  const nothing = { x: 0, counts: counts.map(() => 0), values: values.map(() => 0) };
  partials.change(arm, arm.sums, nothing);
  arm.sums = nothing;
}

/** Null: there is no room. Goes by the exposures' own time: interactions may be any way behind. */
function beginArm(user: UserRow, shown: Shown): Arm | null {
  const kept = user.arms.filter((arm) => windowEnd(arm) + keptMs >= shown.atMs);
  user.arms.splice(0, user.arms.length, ...kept);
  // Those that leave may be gone already, where interactions are further.
  if (user.arms.filter(({ leaves }) => leaves === 0).length >= armsMax) return null;
  const { experiment, variant, context, creditMs, atMs: firstMs } = shown;
  const arm: Arm = {
    ...nothingKept(),
    experiment,
    variant,
    context,
    creditMs,
    firstMs,
    state: armState.open,
    leaves: 0,
  };
  arm.sums.x = covariateOf(user, firstMs);
  user.arms.push(arm);
  return arm;
}

/** The first ones are kept, so that an interaction finds the same whenever it is folded. */
function show(arm: Arm, { answer, items, atMs }: Shown): void {
  arm.answers.set(answer, atMs);
  for (const item of items)
    if (!arm.shown.has(item) && arm.shown.size < shownMax) arm.shown.set(item, atMs);
}
