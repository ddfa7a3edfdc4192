import type { ExperimentDefinition } from '../definition.ts';
import { type Comparison, carriersMin, compare, restsOn, usersMin } from './comparison.ts';
import type { ExperimentFigures, VariantFigures } from './figures.ts';
import { planOf, tuningOf } from './planning.ts';
import { sampleRatioP } from './sample-ratio.ts';
import { addSums, meanOf, noSums, varianceOf } from './sums.ts';
import { differs, hours, percent, shareOf, whatIsMeasured } from './words.ts';

/** Below this the sample ratio is wrong beyond doubt: nothing else is believed. */
export const sampleRatioAlpha = 0.01;
/** A share of users in more than one variant that nothing but a fault explains. */
export const multipleShareMax = 0.01;
const multipleUsersMin = 3;

export interface VariantComparison extends Comparison {
  readonly variant: string;
  /** It ended before the others: what it shows is of another time, and it cannot win. */
  readonly isStopped: boolean;
}

export interface Missing {
  /** Of all variants, until a difference of the stated size would be found; 0: overdue. */
  readonly users: number;
  /** Null: nobody comes, or it cannot be said yet. */
  readonly days: number | null;
}

export interface Verdict {
  /** `nothing`: every difference is smaller than the smallest worth finding. */
  readonly kind: 'found' | 'nothing' | 'undecided' | 'too_early' | 'not_to_be_believed';
  readonly winner: string | null;
  readonly sentence: string;
  readonly comparisons: readonly VariantComparison[];
  readonly srmP: number;
  readonly multipleShare: number;
  /** Null: not known yet, nothing is missing, or nobody comes any more. */
  readonly missing: Missing | null;
}

export interface Standing {
  /** Variants that ended before the others. */
  readonly stopped?: readonly string[];
  /** It takes no more users: none can be waited for. */
  readonly nobodyComes?: boolean;
}

/** Who is better, by how much, how sure; or what is missing; or why it cannot be believed. */
export const verdict = (
  figures: ExperimentFigures,
  definition: ExperimentDefinition,
  { stopped = [], nobodyComes = false }: Standing = {},
): Verdict => {
  const variants = inOrder(figures, definition);
  const comparisons = compare(
    variants.map(({ outcome }) => outcome),
    { alpha: definition.alpha, tuning: tuningOf(definition) },
  ).map((comparison, at): VariantComparison => {
    const variant = variants[at + 1]?.variant ?? '';
    return { ...comparison, variant, isStopped: stopped.includes(variant) };
  });
  const srmP = sampleRatioP(
    variants.flatMap(({ variant, exposed }, at) =>
      stopped.includes(variant)
        ? []
        : [{ users: exposed, weight: definition.variants[at]?.weight ?? 0 }],
    ),
  );
  const exposed = variants.reduce((sum, one) => sum + one.exposed, 0);
  const multipleShare = figures.multiple / Math.max(1, exposed + figures.multiple);
  const seen: Seen = {
    figures,
    definition,
    variants,
    comparisons,
    srmP,
    multipleShare,
    stopped,
    nobodyComes,
  };
  return { comparisons, srmP, multipleShare, ...judged(seen) };
};

interface Seen {
  readonly figures: ExperimentFigures;
  readonly definition: ExperimentDefinition;
  readonly variants: readonly VariantFigures[];
  readonly comparisons: readonly VariantComparison[];
  readonly srmP: number;
  readonly multipleShare: number;
  readonly stopped: readonly string[];
  readonly nobodyComes: boolean;
}
type Judged = Pick<Verdict, 'kind' | 'winner' | 'sentence' | 'missing'>;

const judged = (seen: Seen): Judged => {
  const doubt = doubtOf(seen);
  if (doubt !== null)
    return { kind: 'not_to_be_believed', winner: null, sentence: doubt, missing: null };
  const { comparisons, definition } = seen;
  if (comparisons.every(({ isStopped }) => isStopped))
    return {
      kind: 'undecided',
      winner: null,
      sentence: `Nothing is left to compare: every variant but the control '${definition.variants[0]?.variant}' was stopped; nothing more will come, decide.`,
      missing: null,
    };
  const early = tooEarly(seen);
  if (early !== null) return { kind: 'too_early', winner: null, sentence: early, missing: null };
  return foundIn(seen) ?? nothingIn(seen) ?? undecided(seen);
};

/** The definition's variants, whether or not anybody was in them yet. */
const inOrder = (
  { variants }: ExperimentFigures,
  definition: ExperimentDefinition,
): readonly VariantFigures[] =>
  definition.variants.map(
    ({ variant }) =>
      variants.find((one) => one.variant === variant) ?? {
        variant,
        exposed: 0,
        outcome: noSums,
        kinds: {},
        answers: { answers: 0, answersSquares: 0, predicted: 0, enough: 0, emptied: 0 },
        removed: {},
        itemsShown: null,
      },
  );

const doubtOf = ({
  srmP,
  multipleShare,
  figures,
  variants,
  definition,
  comparisons,
  stopped,
}: Seen): string | null => {
  if (srmP <= sampleRatioAlpha) {
    const counts = variants
      .filter(({ variant }) => !stopped.includes(variant))
      .map(({ variant, exposed }) => `'${variant}' ${exposed}`);
    return `Do not believe these figures: users did not fall to the variants by their weights (${counts.join(', ')}; p ${shareOf(srmP)}); find out why before anything else.`;
  }
  if (multipleShare > multipleShareMax && figures.multiple >= multipleUsersMin)
    return `Do not believe these figures: ${percent(multipleShare)} of the users saw more than one variant; find out why before anything else.`;
  const found = comparisons.find(({ isFound }) => isFound);
  if (definition.mode === 'aa' && found !== undefined)
    return `Do not believe these figures: '${found.variant}' differs from the control (${differs(found)}) though both are the same model; find out what else differs.`;
  return null;
};

const tooEarly = ({ variants, comparisons, definition, nobodyComes }: Seen): string | null => {
  if (comparisons.some(({ absolute, isStopped }) => absolute !== null && !isStopped)) return null;
  const least = variants.toSorted((a, b) => a.outcome.n - b.outcome.n)[0];
  const poorest = variants.toSorted((a, b) => restsOn(a.outcome) - restsOn(b.outcome))[0];
  if (least === undefined || poorest === undefined) return 'It has no variants.';
  const what = nobodyComes ? 'Nothing can be said' : 'Too early to say';
  if (least.outcome.n < usersMin)
    return `${what}: '${least.variant}' has ${least.outcome.n} users whose ${hours(definition.outcome.withinHours)} are over, and at least ${usersMin} are needed of each variant${clockText(least)}.`;
  return `${what}: the outcome of '${poorest.variant}' rests on about ${Math.floor(restsOn(poorest.outcome))} of its ${poorest.outcome.n} users, and must on at least ${carriersMin} of each variant.`;
};

/** Nobody's time passes while nothing comes: 0 users an hour after the last event are no fault. */
const clockText = ({ exposed, outcome }: VariantFigures): string =>
  exposed > outcome.n
    ? `; of ${exposed - outcome.n} more it ends as newer events and answers come, since the log is the clock`
    : '';

const foundIn = ({ comparisons, variants, definition }: Seen): Judged | null => {
  const live = comparisons.filter(({ isStopped }) => !isStopped);
  const estimate = ({ absolute }: Comparison): number => absolute?.estimate ?? 0;
  const better = live.filter((one) => one.isFound && estimate(one) > 0);
  const best = better.toSorted((a, b) => estimate(b) - estimate(a))[0];
  const control = variants[0]?.variant ?? '';
  const measured = whatIsMeasured(definition.outcome);
  const sure = `at ${percent(1 - definition.alpha)} certainty, whenever looked at`;
  if (best !== undefined)
    return {
      kind: 'found',
      winner: best.variant,
      sentence: `'${best.variant}' is better than the control '${control}' by ${differs(best)} in ${measured}, ${sure}.`,
      missing: null,
    };
  if (live.length > 0 && live.every((one) => one.isFound && estimate(one) < 0)) {
    const each = live.map((one) => `'${one.variant}' ${differs(one)}`);
    return {
      kind: 'found',
      winner: control,
      sentence: `The control '${control}' is better than ${live.length === 1 ? 'the other' : 'all others'}: ${each.join(', ')} in ${measured}, ${sure}.`,
      missing: null,
    };
  }
  return null;
};

const nothingIn = ({ comparisons, definition }: Seen): Judged | null => {
  const { relativeEffect, outcome, alpha } = definition;
  const live = comparisons.filter(({ isStopped }) => !isStopped);
  const isSmall = ({ relative }: Comparison): boolean =>
    relative !== null && relative.low > -relativeEffect && relative.high < relativeEffect;
  if (live.length === 0 || !live.every(isSmall)) return null;
  return {
    kind: 'nothing',
    winner: null,
    sentence: `No difference that would matter: ${whatIsMeasured(outcome)} differs by less than ${percent(relativeEffect)} between all variants and the control, at ${percent(1 - alpha)} certainty.`,
    missing: null,
  };
};

const undecided = (seen: Seen): Judged => {
  const { definition, comparisons } = seen;
  const open = comparisons
    .filter(({ isStopped }) => !isStopped)
    .map((one) => `'${one.variant}' ${differs(one)}`);
  if (definition.mode === 'aa')
    return {
      kind: 'undecided',
      winner: null,
      sentence: `No difference found between a model and itself, as it should be: ${open.join(', ')} in ${whatIsMeasured(definition.outcome)}.`,
      missing: null,
    };
  const missing = missingOf(seen);
  const more =
    missing === null
      ? ''
      : missing.users === 0
        ? ` A difference of ${percent(definition.relativeEffect)} should have shown by now.`
        : ` To find one of ${percent(definition.relativeEffect)} it needs about ${missing.users} users more${missing.days === null ? '' : `, ${Math.max(1, Math.ceil(missing.days))} days`}.`;
  return {
    kind: 'undecided',
    winner: null,
    sentence: `No difference found${seen.nobodyComes ? '' : ' yet'} in ${whatIsMeasured(definition.outcome)}: ${open.join(', ')}.${more}`,
    missing,
  };
};

const dayMs = 86_400_000;

/** By what the experiment itself shows of its users: a guide, which nothing is decided by. */
const missingOf = ({ variants, definition, figures, nobodyComes }: Seen): Missing | null => {
  const all = variants.reduce((sums, { outcome }) => addSums(sums, outcome), noSums);
  const baseline = { mean: meanOf(all), variance: varianceOf(all) };
  if (!(baseline.mean > 0) || baseline.variance === 0) return null;
  const { firstExposureMs, lastExposureMs } = figures;
  const exposed = variants.reduce((sum, one) => sum + one.exposed, 0);
  const spanMs = (lastExposureMs ?? 0) - (firstExposureMs ?? 0);
  const usersPerDay = spanMs > 0 ? (exposed * dayMs) / spanMs : null;
  const { usersSequential } = planOf({ ...definition, traffic: 1 }, baseline, null);
  const users = Math.max(0, usersSequential - all.n);
  if (nobodyComes) return users === 0 ? { users, days: null } : null;
  // Those who wait for their time to be over need not come any more.
  const coming = Math.max(0, usersSequential - exposed);
  const waitDays = definition.outcome.withinHours / 24;
  return { users, days: usersPerDay === null ? null : coming / usersPerDay + waitDays };
};
