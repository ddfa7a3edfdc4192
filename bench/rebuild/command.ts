import type { RebuildReport } from '../../cli/rebuild/report.ts';
import type { Bed } from '../bed.ts';
import { typed } from '../faults/operator.ts';

/** `freshet rebuild SERVICE`, as a user gives it. */
export async function rebuild(
  { environment }: Pick<Bed, 'environment'>,
  words: readonly string[],
): Promise<RebuildReport> {
  const printed = await typed(environment, ['rebuild', ...words, '--json'].join(' '));
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as RebuildReport;
}
