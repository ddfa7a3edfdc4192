import {
  type Arm,
  armState,
  emptyUser,
  nothingKept,
  type OutcomeSums,
  type Recent,
  type UserRow,
} from './user-row.ts';
import type { Partials } from './partials.ts';

/** Bounds of what a user's row keeps. */
export const armsMax = 16;
export const answersMax = 100;
export const shownMax = 500;
export const recentsMax = 32;

/** What clocks may differ by: an exposure has serving's time, an interaction the broker's. */
export const skewMs = 60_000;
/** How long an interaction is kept for an exposure that is on its way. */
const recentMsMax = 2 * skewMs;

/** Interactions before a first exposure are counted by stretches of six hours, for 28 days. */
const periodMs = 6 * 3_600_000;
const periodsBack = 112;
/** One more than is looked back, since a user may go on while an exposure is on its way. */
const periodsKept = periodsBack + 2;
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

export interface ShownAnswer {
  readonly answer: number;
  readonly items: readonly number[];
  readonly servedMs: number;
}

/** When the last of what a row knows was, or a little later. */
export const lastOfUserMs = ({ periods, arms }: UserRow): number =>
  Math.max(((periods.at(-1)?.number ?? -1) + 1) * periodMs, ...arms.map((arm) => windowEnd(arm)));

const windowEnd = ({ firstMs, creditMs }: Arm): number => firstMs + creditMs;

/** Whether an interaction is an outcome of what the user was shown in the experiment. */
export function isCredited(recent: Recent, arm: Arm): boolean {
  const { appendedMs, occurredMs, answer, context, item } = recent;
  if (appendedMs < arm.firstMs - skewMs || appendedMs > windowEnd(arm)) return false;
  if (answer !== 0 && arm.answers.includes(answer)) return true;
  if (context !== 0 && context !== arm.context) return false;
  const shownMs = arm.shown.get(item);
  return shownMs !== undefined && occurredMs >= shownMs - skewMs && appendedMs >= shownMs - skewMs;
}

function credit(sums: OutcomeSums, slot: number, { value }: Recent): void {
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
  recent: Recent,
  { partials, latenessMs }: { readonly partials: Partials; readonly latenessMs: number },
): UserRow {
  const user = row ?? emptyUser();
  const markMs = partials.passInteraction(recent.appendedMs);
  const period = periodOf(recent.appendedMs);
  const counted = countPeriod(user, period);
  for (const arm of user.arms) {
    // Late by its own topic's mark alone: whatever the exposures' log has come to by now.
    const isOver = markMs > windowEnd(arm) + latenessMs;
    if (isOver && arm.state !== armState.multiple && isWithin(recent, arm))
      partials.countLate(arm.experiment);
    if (isOver && arm.state === armState.open) close(arm, armState.closed);
    if (arm.state !== armState.open) continue;
    const before = copyOf(arm.sums);
    if (counted) arm.sums.x = Math.min(covariateMax, arm.sums.x + weightOf(period, arm.firstMs));
    const slot = isCredited(recent, arm) ? partials.slotOf(arm.experiment, recent.kind) : -1;
    if (slot >= 0) credit(arm.sums, slot, recent);
    if (slot >= 0 || arm.sums.x !== before.x) partials.change(arm, before, arm.sums);
  }
  keepRecent(user, recent);
  return user;
}

const isWithin = ({ appendedMs }: Recent, arm: Arm): boolean =>
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

function keepRecent(user: UserRow, recent: Recent): void {
  const newestMs = user.recents.reduce(
    (newest, { appendedMs }) => Math.max(newest, appendedMs),
    recent.appendedMs,
  );
  const kept = user.recents.filter(({ appendedMs }) => appendedMs >= newestMs - recentMsMax);
  if (recent.appendedMs >= newestMs - recentMsMax) kept.push(recent);
  user.recents = kept.slice(-recentsMax);
}

function close(arm: Arm, state: number): void {
  arm.state = state;
  Object.assign(arm, nothingKept());
}

/** An exposure in an experiment, as a row sees it. */
export interface ArmExposure extends ShownAnswer {
  readonly experiment: number;
  readonly variant: number;
  readonly context: number;
  readonly creditMs: number;
}

export type ExposureTaken = 'counted' | 'duplicate' | 'too_many' | 'over' | 'multiple' | 'unplaced';

/**
 * Folds an exposure into its user's row, which is changed in place unless the result is another
 * than 'counted' or 'multiple'. `begin` is called where it is the user's first in the experiment.
 */
export function takeExposure(
  user: UserRow,
  shown: ArmExposure,
  partials: Partials,
  begin: (arm: Arm) => void,
): ExposureTaken {
  const known = user.arms.find(({ experiment }) => experiment === shown.experiment);
  if (known !== undefined) {
    if (known.state !== armState.open || shown.servedMs > windowEnd(known)) return 'over';
    if (known.variant !== shown.variant) {
      partials.leave(known);
      close(known, armState.multiple);
      return 'multiple';
    }
    if (known.answers.includes(shown.answer)) return 'duplicate';
    if (known.answers.length >= answersMax) return 'too_many';
  }
  const arm = known ?? beginArm(user, shown);
  if (arm === null) return 'unplaced';
  if (known === undefined) begin(arm);
  const before = copyOf(arm.sums);
  const were = user.recents.map((recent) => isCredited(recent, arm));
  show(arm, shown);
  for (const [at, recent] of user.recents.entries()) {
    if (were[at] === true || !isCredited(recent, arm)) continue;
    const slot = partials.slotOf(arm.experiment, recent.kind);
    if (slot >= 0) credit(arm.sums, slot, recent);
  }
  partials.change(arm, before, arm.sums);
  return 'counted';
}

/** In place of the one that was over first, where there is no room; null: none is over. */
function beginArm(user: UserRow, shown: ArmExposure): Arm | null {
  if (user.arms.length >= armsMax) {
    const over = user.arms.findIndex((arm) => windowEnd(arm) < shown.servedMs);
    if (over < 0) return null;
    user.arms.splice(over, 1);
  }
  const { experiment, variant, context, creditMs, servedMs: firstMs } = shown;
  const arm: Arm = {
    ...nothingKept(),
    experiment,
    variant,
    context,
    creditMs,
    firstMs,
    state: armState.open,
  };
  arm.sums.x = covariateOf(user, firstMs);
  user.arms.push(arm);
  return arm;
}

/** The first ones are kept, so that an interaction finds the same whenever it is folded. */
function show(arm: Arm, { answer, items, servedMs }: ShownAnswer): void {
  arm.answers.push(answer);
  for (const item of items) {
    const atMs = arm.shown.get(item);
    if (atMs === undefined ? arm.shown.size < shownMax : servedMs < atMs)
      arm.shown.set(item, servedMs);
  }
}
