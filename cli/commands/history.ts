import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { commandKinds } from '../../services/control/commands.ts';
import { inWords, isOf, readHistory } from '../control/history.ts';

interface HistoryFlags {
  readonly kind?: string;
  readonly of?: string;
  readonly json?: boolean;
}

export function registerHistoryCommand(program: Command): void {
  program
    .command('history')
    .description('print what became of every command to control, oldest first')
    .option('--kind <kind>', 'only of this kind of command (apply, experiment.start ...)')
    .option('--of <name>', 'only what was about this context, model, version or experiment')
    .option('--json', 'print one JSON line per command')
    .action(async ({ kind, of, json }: HistoryFlags) => {
      if (kind !== undefined && !commandKinds.some((one) => one === kind))
        throw new UserError(`there is no command '${kind}'; there are: ${commandKinds.join(', ')}`);
      const results = (await readHistory(commonConfig())).filter(
        (result) =>
          (kind === undefined || result.kind === kind) && (of === undefined || isOf(result, of)),
      );
      for (const result of results) {
        console.log(json === true ? JSON.stringify(result) : inWords(result));
      }
      if (results.length === 0 && json !== true)
        console.log(`no command ${(kind ?? of) ? 'of these ' : ''}was given yet`);
    });
}
