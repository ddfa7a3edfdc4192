import type { Command } from 'commander';

import { addExperimentCommands } from '../control/experiment-commands.ts';
import { addExperimentReadings } from '../experiments/commands.ts';

export function registerExperimentCommand(program: Command): void {
  const experiment = program
    .command('experiment')
    .description(
      'compare models within a context: plan, draft, start, watch, stop and decide experiments',
    );
  addExperimentReadings(experiment);
  addExperimentCommands(experiment);
}
