import type { FaultsReport } from './run-faults.ts';
import type { RowResult } from './run-row.ts';

const headings = ['', 'row', 'lost', 'doubled', 'unanswered', 'differ', 'recovery', 'events'];
const widths = [7, 6, 6, 9, 12, 8, 10, 8];

const line = (cells: readonly string[]): string =>
  cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('');

/** For people: a line per row, and what it noted below it. */
export function reportText(report: FaultsReport): string {
  const lines = report.rows.flatMap((row) => [
    `${line(cellsOf(row))}${row.title}`,
    ...(row.notes === '' ? [] : [`${' '.repeat(13)}${row.notes}`]),
  ]);
  const { rows_passed, rows_run, seed, took_s, events, requests, faults } = report;
  const longest =
    `of ${report.memory_longest_minutes} minutes: ` +
    `${report.memory_longest_mb_first} to ${report.memory_longest_mb_last} MB`;
  const memory =
    report.memory_mb_per_hour === undefined
      ? ''
      : `, memory ${report.memory_mb_per_hour} MB an hour per process (${longest})`;
  return [
    line(headings),
    ...lines,
    `${rows_passed} of ${rows_run} passed in ${took_s} s (seed ${seed}): ` +
      `${events} events, ${requests} requests, ${faults} faults${memory}`,
  ].join('\n');
}

const cellsOf = (row: RowResult): readonly string[] => [
  row.passed ? 'ok' : 'FAILED',
  String(row.row),
  String(row.lost),
  String(row.doubled),
  String(row.unanswered),
  String(row.differences),
  `${row.recovery_s} s`,
  String(row.events),
];
