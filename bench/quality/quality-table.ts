import { textTable } from '../../cli/data/text-table.ts';
import type { QualityResult } from './quality.ts';
import type { Stated } from './ratios.ts';

const times = ({ value, interval }: Stated): string =>
  interval === null
    ? value.toFixed(3)
    : `${value.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join(' to ')})`;

/** For people: what is compared, what came of it, and whether our own methods agree. */
export const qualityTable = (result: QualityResult): string => {
  const sets = Object.entries(result.data);
  const main = textTable(
    ['', 'tests', 'best reference', 'HR@20', result.model, 'ratio (95%)'],
    sets.flatMap(([name, one]) => [
      [
        name,
        one.tests,
        `${one.reference_best_hr20_method} HR`,
        one.reference_best_hr20.toFixed(3),
        one.blend_hr20.toFixed(3),
        times(one.blend_hr20_ratio),
      ],
      [
        '',
        '',
        `${one.reference_best_mrr20_method} MRR`,
        one.reference_best_mrr20.toFixed(3),
        one.blend_mrr20.toFixed(3),
        times(one.blend_mrr20_ratio),
      ],
    ]),
  );
  const agreement = sets.flatMap(([name, one]) =>
    Object.entries(one.agreement).map(
      ([model, { reference, difference, agrees }]) =>
        `${name}: ${model} ${agrees ? 'agrees' : 'DOES NOT AGREE'} with ${reference} ` +
        `(${difference.toFixed(4)} apart)`,
    ),
  );
  const all = (['hr', 'mrr'] as const).map((metric) => {
    const least = {
      value: result[`blend_${metric}20_ratio_min`],
      interval: result[`blend_${metric}20_ratio_min_interval`],
    };
    const mean = {
      value: result[`blend_${metric}20_ratio_geomean`],
      interval: result[`blend_${metric}20_ratio_geomean_interval`],
    };
    return `${metric.toUpperCase()}@20 ratio: least ${times(least)}, geometric mean ${times(mean)}`;
  });
  return [`Lists ${result.lists}.`, '', main, '', ...all, ...agreement].join('\n');
};
