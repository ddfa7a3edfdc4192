import type { Command } from 'commander';

import { addExperimentCommands } from '../control/experiment-commands.ts';

export function registerExperimentCommand(program: Command): void {
  const experiment = program
    .command('experiment')
    .description('compare models within a context: draft, start, stop and decide experiments');
  addExperimentCommands(experiment);
}
