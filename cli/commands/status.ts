import type { Command } from 'commander';

import { readStateFile } from '../../lib/config/state-file.ts';
import { UserError } from '../../lib/errors.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { jsonLine } from '../json-line.ts';
import { report } from '../stack/report.ts';

export function registerStatusCommand(program: Command): void {
  program
    .command('status')
    .description('say where the running stack is, as lines for a shell: eval "$(freshet status)"')
    .addOption(jsonLine())
    .action(status);
}

async function status({ json: asJson }: { readonly json?: boolean }): Promise<void> {
  const state = readStateFile(stackEnvironment().stateFile);
  if (state !== undefined) return report(state, asJson);
  if (asJson !== true) throw new UserError('No stack is running. Cure: npx freshet up');
  console.log(JSON.stringify({ running: false }));
  process.exitCode = 1;
}
