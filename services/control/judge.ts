import { changeSettings } from './change-settings.ts';
import { type KnownCommand, parseCommand } from './commands.ts';
import { applyDefinitions, deleteModel, retireContext } from './judge-definitions.ts';
import {
  createExperiment,
  decideExperiment,
  deleteExperiment,
  startExperiment,
  stopExperiment,
} from './judge-experiments.ts';
import { notOneLine } from './judgement.ts';
import { noteForgotten } from './note-forgotten.ts';
import { type Case, type Outcome, refusedFor } from './outcome.ts';
import { restate } from './restate.ts';

/** What a command does where it is judged, or why it does nothing. Pure, and never throws. */
export const judge = (
  at: Case,
  { kind, body }: { readonly kind: string; readonly body: string },
): Outcome => {
  const parsed = parseCommand(kind, body);
  if (!parsed.ok) return refusedFor(parsed.faults);
  return notOneLine(at, parsed.value) ?? judgeKnown(at, parsed.value);
};

const judgeKnown = (at: Case, command: KnownCommand): Outcome => {
  switch (command.kind) {
    case 'apply':
      return applyDefinitions(at, command.body);
    case 'context.retire':
      return retireContext(at, command.body);
    case 'model.delete':
      return deleteModel(at, command.body);
    case 'experiment.create':
      return createExperiment(at, command.body);
    case 'experiment.start':
      return startExperiment(at, command.body);
    case 'experiment.stop':
      return stopExperiment(at, command.body);
    case 'experiment.decide':
      return decideExperiment(at, command.body);
    case 'experiment.delete':
      return deleteExperiment(at, command.body);
    case 'user.forgotten':
      return noteForgotten(command.body);
    case 'settings.change':
      return changeSettings(at.state, command.body);
    case 'definitions.restate':
      return restate(at.state, command.body);
  }
};
