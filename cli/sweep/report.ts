import type { SweepTally } from '../../lib/stream/sweep-rows.ts';
import { textTable } from '../data/text-table.ts';

export interface FoldSweep extends SweepTally {
  readonly fold: string;
}

export interface SweepReport {
  readonly dry_run: boolean;
  readonly folds: readonly FoldSweep[];
  /** What was learned for no context any more, and the command that removes it. */
  readonly unused_learners: readonly { readonly name: string; readonly command: string }[];
  /** What was not swept, and why. */
  readonly notes: readonly string[];
}

const head = ['', 'looked at', 'expired', 'deleted', 'left', 'bytes freed'];

export function reportText(report: SweepReport): string {
  const rows = report.folds.map(({ fold, looked, expired, deleted, left, bytes }) =>
    [fold, looked, expired, deleted, left, bytes].map(String),
  );
  const lines = [textTable(head, rows)];
  if (report.dry_run) lines.push('A dry run: nothing was deleted.');
  if (report.folds.some(({ left }) => left > 0)) {
    lines.push('What is left was in partitions that moved on each time: the next sweep sees it.');
  }
  for (const { name, command } of report.unused_learners) {
    lines.push(`No context uses ${name} any more; what it learned goes with: ${command}`);
  }
  lines.push(...report.notes.map((note) => `note: ${note}`));
  return lines.join('\n');
}
