import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { print } from '../output.ts';
import { reportText } from '../sweep/report.ts';
import { sweepAll } from '../sweep/sweep.ts';

interface SweepFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function registerSweepCommand(program: Command): void {
  program
    .command('sweep')
    .description(
      'delete what is kept of users who stayed away, items nobody visits, lists nobody asks for',
    )
    .option('--dry-run', 'only say what would be deleted')
    .option('--json', 'print one JSON line')
    .addHelpText('after', help)
    .action(async (flags: SweepFlags) => {
      const dryRun = flags.dryRun === true;
      const report = await sweepAll({ config: commonConfig(), dryRun });
      print({ json: flags.json === true }, report, reportText(report));
    });
}

const help = `
Services may go on meanwhile. A user counts as unknown once the newest event of the partition is
FRESHET_USER_HORIZON_DAYS (400) past the user's own, and so does an item for blend and trending after
FRESHET_ITEM_HORIZON_DAYS (400), whether or not a sweep has been there: it changes nothing that is
folded or emitted later. Only a list of candidates that such a user still had is gone, so they are
answered as a newcomer is. Run it as often as memory asks for, say once a week.`;
