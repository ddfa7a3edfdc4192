import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { print } from '../output.ts';
import { reportText } from '../verify/report.ts';
import { verifyAll } from '../verify/verify.ts';

export function registerVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('fold the logs again, and compare all stored state, emissions and answers')
    .option('--json', 'print one JSON line')
    .action(async (flags: { readonly json?: boolean }) => {
      const json = flags.json === true;
      const log = json ? () => undefined : (line: string) => console.error(line);
      const report = await verifyAll({ config: commonConfig(), log });
      print({ json }, report, reportText(report));
      if (report.differences > 0) process.exitCode = 1;
    });
}
