import type {
  ExperimentPartials,
  PackedCell,
  PackedExperiment,
  PackedVariant,
} from '../schemas/packed/experiment-partials.ts';
import type { ExperimentDefinition } from './definition.ts';
import { distinctOf } from './distinct.ts';
import {
  addVariants,
  type CoursePoint,
  type ExperimentFigures,
  type KindFigures,
  noFigures,
  type VariantFigures,
} from './statistics/figures.ts';
import { addSums, noSums, type Sums } from './statistics/sums.ts';

/** What the partials of all partitions say of an experiment, or of a layer's holdout. */
export interface Asked {
  readonly experiment: string;
  /** In the order wanted: the first is the control. */
  readonly variants: readonly string[];
  readonly measure: ExperimentDefinition['outcome']['measure'];
  /** The fold's: how much later than its own topic's mark a record may still come. */
  readonly latenessMs: number;
}

/** Null: no partition has counted anything of it. */
export const figuresOf = (
  partials: readonly ExperimentPartials[],
  asked: Asked,
): ExperimentFigures | null => {
  const parts = partials.flatMap((partition) => {
    const known = partition.experiments.find(({ experiment }) => experiment === asked.experiment);
    return known === undefined ? [] : [{ known, lowMarkMs: lowMarkOf(partition) }];
  });
  if (parts.length === 0) return null;
  const cells = parts.flatMap((part) => cellsOf(part, asked));
  const firsts = parts.flatMap(({ known: { firstMs } }) => (firstMs < 0 ? [] : [firstMs]));
  const lasts = parts.flatMap(({ known: { lastMs } }) => (lastMs < 0 ? [] : [lastMs]));
  return {
    experiment: asked.experiment,
    variants: asked.variants.map((variant) => variantFigures(variant, parts, cells)),
    multiple: parts.reduce((sum, { known }) => sum + known.multiple, 0),
    late: parts.reduce((sum, { known }) => sum + known.late, 0),
    firstExposureMs: firsts.length === 0 ? null : Math.min(...firsts),
    lastExposureMs: lasts.length === 0 ? null : Math.max(...lasts),
    course: courseOf(cells, asked),
  };
};

/** What both logs of a partition have passed; -1: one of them has nothing. */
export const lowMarkOf = ({ interactionsMarkMs, exposuresMarkMs }: ExperimentPartials): number =>
  Math.min(interactionsMarkMs, exposuresMarkMs);

interface Part {
  readonly known: PackedExperiment;
  readonly lowMarkMs: number;
}

interface TimedCell {
  readonly variant: string;
  /** First exposures before this moment. */
  readonly untilMs: number;
  readonly widthMs: number;
  readonly exposed: number;
  /** Of users whose time is over; nothing before: sums that still grow are no independent looks. */
  readonly outcome: Sums;
  readonly kinds: Readonly<Record<string, KindFigures>>;
}

const cellsOf = ({ known, lowMarkMs }: Part, { measure, latenessMs }: Asked): TimedCell[] =>
  known.variants.flatMap(({ variant, cells }) =>
    [...cells].map(([number, cell]) => {
      const { widthMs } = known;
      const untilMs = (number + 1) * widthMs;
      const isOver = lowMarkMs > untilMs + known.creditMs + latenessMs;
      return {
        variant,
        untilMs,
        widthMs,
        exposed: cell.users,
        outcome: isOver ? outcomeOf(cell, measure) : noSums,
        kinds: isOver ? kindsOf(cell, known.kinds) : {},
      };
    }),
  );

const outcomeOf = (cell: PackedCell, measure: Asked['measure']): Sums => {
  const { users: n, x, xx } = cell;
  switch (measure) {
    case 'any':
      return { n, x, xx, y: cell.any, yy: cell.any, xy: cell.xAny };
    case 'count':
      return { n, x, xx, y: cell.count, yy: cell.countSquares, xy: cell.xCount };
    case 'value':
      return { n, x, xx, y: cell.value, yy: cell.valueSquares, xy: cell.xValue };
  }
};

const kindsOf = (
  { kinds }: PackedCell,
  names: readonly string[],
): Readonly<Record<string, KindFigures>> =>
  Object.fromEntries(kinds.map((kind, at) => [names[at] ?? 'all kinds', kind]));

const variantFigures = (
  variant: string,
  parts: readonly Part[],
  cells: readonly TimedCell[],
): VariantFigures => {
  const packed = parts.flatMap(({ known }) =>
    known.variants.filter((one) => one.variant === variant),
  );
  const entered = cells
    .filter((cell) => cell.variant === variant)
    .map(({ outcome, kinds }) => ({ ...noFigures(variant), outcome, kinds }));
  return {
    ...[...entered, ...packed.map(shownOf)].reduce(addVariants, noFigures(variant)),
    itemsShown: packed.length === 0 ? null : distinctOf(packed.map(({ sketch }) => sketch)),
  };
};

const shownOf = (packed: PackedVariant): VariantFigures => {
  const { answers, answersSquares, predicted, enough, emptied } = packed;
  return {
    ...noFigures(packed.variant),
    exposed: packed.users,
    answers: { answers, answersSquares, predicted, enough, emptied },
    removed: Object.fromEntries(
      Object.entries(packed.removed).map(([rule, { items }]) => [rule, items]),
    ),
  };
};

/** Stretches of one partition may be twice as long as another's: the longest holds the others. */
const courseOf = (cells: readonly TimedCell[], { variants }: Asked): readonly CoursePoint[] => {
  const widthMs = Math.max(0, ...cells.map((cell) => cell.widthMs));
  if (widthMs === 0) return [];
  const stretches = Map.groupBy(cells, ({ untilMs }) => Math.ceil(untilMs / widthMs) * widthMs);
  let sums = variants.map(() => ({ exposed: 0, outcome: noSums }));
  return [...stretches]
    .toSorted(([a], [b]) => a - b)
    .map(([untilMs, within]) => {
      sums = sums.map(({ exposed, outcome }, at) => {
        const own = within.filter(({ variant }) => variant === variants[at]);
        return {
          exposed: own.reduce((sum, cell) => sum + cell.exposed, exposed),
          outcome: own.reduce((sum, cell) => addSums(sum, cell.outcome), outcome),
        };
      });
      return { untilMs, variants: sums };
    });
};
