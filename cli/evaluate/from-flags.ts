import { kinds } from '../../models/kinds.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { evaluationSettings } from './config.ts';
import { ContextRun } from './context-run.ts';
import { type EvaluationData, readData } from './data.ts';
import { readContext, readModel, withLadders } from './definitions.ts';
import { Engine } from './engine.ts';
import { evaluationProgress } from './progress.ts';
import type { EvaluationResult } from './result.ts';
import { evaluate } from './run.ts';
import { readTopic } from './topic-data.ts';

/** What `freshet evaluate` does, but for saying what came of it. */
export async function evaluateFlags(flags: EvaluateFlags): Promise<EvaluationResult> {
  const settings = evaluationSettings();
  const contexts = flags.context.map(readContext);
  const definitions = withLadders(flags.model.map(readModel), contexts);
  const { table, items, categories, faults, file } = await dataOf(flags, settings.types);
  for (const line of faults.lines(file)) console.error(line);
  const engine = new Engine({
    definitions,
    kinds,
    settings,
    items,
    keepsSeen: true,
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

/** From a file, or from the topics where none is named. */
const dataOf = (
  { data, items, since: sinceMs, until: untilMs }: EvaluateFlags,
  types: readonly string[],
): Promise<EvaluationData> => {
  if (data !== undefined) return readData(data, items === undefined ? { types } : { types, items });
  return readTopic({
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
  });
};
