import { setImmediate as nextTurn } from 'node:timers/promises';

import { UserError } from '../../lib/errors.ts';
import { type ModelDefinition, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import type { TuneFlags } from '../commands/tune.ts';
import { evaluationSettings } from '../evaluate/config.ts';
import { readData } from '../evaluate/data.ts';
import { readModel } from '../evaluate/definitions.ts';
import { type Parameter, valueAt, withValues } from './parameter.ts';
import type { TuneResult } from './result.ts';
import { trialLine } from './says.ts';
import { spaceOf } from './space.ts';
import { tune } from './tune.ts';

/** What `freshet tune` does, but for saying what came of it. Aborting ends it with what it has. */
export async function tuneFlags(
  flags: TuneFlags & { readonly model: string; readonly data: string },
  signal: AbortSignal,
): Promise<TuneResult> {
  const definition = readModel(flags.model);
  const kind = kinds.get(definition.kind);
  if (kind === undefined) throw new UserError(`there is no kind '${definition.kind}'`);
  const space = spaceOf(definition, { file: flags.space, kind });
  refuseUnknown(definition, space);
  const settings = evaluationSettings();
  const { table, items, faults, file } = await readData(flags.data, { types: settings.types });
  for (const line of faults.lines(file)) console.error(line);
  let best = -1;
  return tune(table, definition, {
    bench: {
      kinds,
      settings,
      items,
      moment: flags.moment,
      excludesSeen: flags.excludeSeen === true,
      metric: flags.metric,
      goesOn: async () => {
        // A turn of its own, so that Ctrl-C is heard.
        await nextTurn();
        return !signal.aborted;
      },
    },
    space,
    method: flags.search,
    trials: flags.trials,
    seed: flags.seed,
    split: flags.split,
    sample: flags.sample,
    onTrial: (trial) => {
      best = Math.max(best, trial.value);
      console.error(trialLine(trial, best));
    },
    onJudge: () => console.error('judging the best on what the search has not seen'),
  });
}

/** A field that the kind does not know would make every trial a fault, and a search of nothing. */
const refuseUnknown = (definition: ModelDefinition, space: readonly Parameter[]): void => {
  const faults = space.flatMap((parameter) =>
    [0, 1].flatMap((end) => {
      const place = 'values' in parameter ? end * (parameter.values.length - 1) : end;
      const values = new Map([[parameter.path, valueAt(parameter, place)]]);
      const parsed = parseModel(JSON.stringify(withValues(definition, values)), kinds);
      return parsed.ok ? [] : parsed.faults;
    }),
  );
  if (faults.length > 0) throw new UserError(['--space:', ...new Set(faults)].join('\n'));
};
