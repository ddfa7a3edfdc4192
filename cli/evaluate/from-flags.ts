import { kinds } from '../../models/kinds.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { evaluationSettings } from './config.ts';
import { ContextRun } from './context-run.ts';
import { readData } from './data.ts';
import { readContext, readModel, withLadders } from './definitions.ts';
import { Engine } from './engine.ts';
import { evaluationProgress } from './progress.ts';
import type { EvaluationResult } from './result.ts';
import { evaluate } from './run.ts';

/** What `freshet evaluate` does, but for saying what came of it. */
export async function evaluateFlags(
  flags: EvaluateFlags & { readonly data: string },
): Promise<EvaluationResult> {
  const settings = evaluationSettings();
  const contexts = flags.context.map(readContext);
  const definitions = withLadders(flags.model.map(readModel), contexts);
  const { types } = settings;
  const given = flags.items === undefined ? { types } : { types, items: flags.items };
  const { table, items, categories, faults, file } = await readData(flags.data, given);
  for (const line of faults.lines(file)) console.error(line);
  const engine = new Engine({
    definitions,
    kinds,
    settings,
    items,
    keepsSeen: contexts.length > 0,
  });
  const progress = evaluationProgress(table.length);
  const { sample, seed, k } = flags;
  const result = await evaluate(table, {
    engine,
    contexts: contexts.map(
      (definition) => new ContextRun({ definition, engine, items, types: settings.types }),
    ),
    moment: flags.moment,
    choice: {
      from: flags.fromTime === undefined ? { share: flags.from } : { atMs: flags.fromTime },
      sample: sample === undefined ? null : { size: sample, seed },
    },
    excludesSeen: flags.excludeSeen === true,
    ks: k,
    atLeast: flags.atLeast ?? Math.max(...k.slice(0, 1)),
    categoriesOf: (itemId) => categories.get(itemId) ?? null,
    faults: faults.count,
    onProgress: (events) => progress.at(events),
  });
  progress.end();
  return result;
}
