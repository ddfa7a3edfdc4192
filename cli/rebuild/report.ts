import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { type Comparison, shareThatDiffers } from './compare.ts';

export interface RebuildReport {
  readonly fold: string;
  readonly lineage: string;
  readonly build: number;
  /** What was current before; null: nothing was. */
  readonly replaced: { readonly lineage: string; readonly build: number } | null;
  /** Folded by this process. */
  readonly records: number;
  /** That the generation was of already when this process began. */
  readonly found: number;
  readonly seconds: number;
  /** Null: there was nothing to compare with. */
  readonly compared: (Comparison & { readonly share: number }) | null;
  readonly switched: boolean;
  /** How long partitions stood still for the switch. */
  readonly switch_ms: number | null;
  /** Until when the one before is kept; null: none is. */
  readonly kept_until: string | null;
}

export const nameOf = ({ lineage, build }: Pick<CurrentGeneration, 'lineage' | 'build'>) => ({
  lineage,
  build: build ?? 0,
});

export const withShare = (compared: Comparison): Comparison & { readonly share: number } => ({
  ...compared,
  share: shareThatDiffers(compared),
});

export function reportText(report: RebuildReport): string {
  const { fold, records, found, seconds, compared, replaced, switched } = report;
  const rate = seconds > 0 ? ` (${Math.round(records / seconds)} a second)` : '';
  const more = found > 0 ? `, beside ${found} that it was of before` : '';
  const lines = [`${fold}: ${records} records folded in ${seconds.toFixed(1)} s${rate}${more}`];
  if (replaced === null && found > 0) lines.push(notCompared);
  if (compared !== null) lines.push(...comparedText(compared));
  if (switched) {
    lines.push(`  current is ${report.lineage}, build ${report.build}${closedText(report)}`);
    if (replaced !== null)
      lines.push(
        `  the one before (${replaced.lineage}, build ${replaced.build}) is kept until ` +
          `${report.kept_until}: npx freshet rebuild ${fold} --back | --drop`,
      );
  } else {
    lines.push(`  not switched: the same without --no-switch goes on from here, and switches`);
  }
  return lines.join('\n');
}

const notCompared =
  '  what was there is taken over as it is, and there was nothing to compare it with: `npx freshet ' +
  'verify` says whether it is whole (where it is not, the same command once more folds all of it anew)';

const closedText = ({ switch_ms: ms }: RebuildReport): string =>
  ms === null ? '' : ` (partitions stood still for ${Math.round(ms)} ms)`;

export function comparedText(compared: Comparison & { readonly share: number }): string[] {
  const { values, differ, onlyBefore, onlyAfter, notCompared, share, examples } = compared;
  const percent = (share * 100).toFixed(share > 0 && share < 0.01 ? 3 : 1);
  const open = notCompared > 0 ? `, ${notCompared} changed at every look` : '';
  return [
    `  ${values} values compared at equal offsets: ${percent} % are not as they were ` +
      `(${differ} differ, ${onlyBefore} are gone, ${onlyAfter} are new${open})`,
    ...examples.map(({ key, before, after }) => `    ${key}: was ${before}, is ${after}`),
  ];
}
