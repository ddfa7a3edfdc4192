import { setImmediate as nextTurn } from 'node:timers/promises';

import { type OffPolicy, offPolicy } from '../../../experiments/off-policy/estimate.ts';
import type { CommonConfig } from '../../../lib/config/common.ts';
import { UserError } from '../../../lib/errors.ts';
import type { Catalogue } from '../../../models/catalogue.ts';
import {
  type ContextDefinition,
  type ModelDefinition,
  modelVersion,
} from '../../../models/definitions.ts';
import { kinds } from '../../../models/kinds.ts';
import { readCatalogue } from '../../data/definitions.ts';
import { RowFaults } from '../../data/faults.ts';
import { evaluationSettings } from '../../evaluate/config.ts';
import { ContextRun } from '../../evaluate/context-run.ts';
import { readModel } from '../../evaluate/definitions.ts';
import { Engine } from '../../evaluate/engine.ts';
import { type EventTable, EventTableBuilder } from '../../evaluate/event-table.ts';
import { evaluationProgress } from '../../evaluate/progress.ts';
import { interactionsOf, readItems } from '../../evaluate/topic-data.ts';
import { type Act, actOf, creditsOf } from '../logs/credit.ts';
import { readShown, type Shown } from '../logs/shown.ts';
import { type Compared, placesOf } from './places.ts';
import { Target } from './target.ts';

export interface PreviewChoice {
  readonly model: string;
  readonly context: string;
  readonly days: number;
  readonly withinHours: number;
  /** None: all types. */
  readonly kinds: readonly string[];
}

export type Previewed = OffPolicy & {
  readonly model: string;
  readonly context: string;
  readonly answers: number;
};

export async function previewModel(
  config: CommonConfig,
  choice: PreviewChoice,
): Promise<Previewed> {
  const { context: name, days } = choice;
  const catalogue = await readCatalogue(config);
  const context = catalogue.contexts.get(name)?.definition;
  if (context === undefined) {
    const there = [...catalogue.contexts.keys()].join(', ') || 'none';
    throw new UserError(`there is no context '${name}': name one that there is (${there})`);
  }
  const model = modelNamed(choice.model, catalogue);
  const said = { model: modelVersion(model).version, context: name };
  const shown = await readShown(config, { context: name, days });
  const explored = shown.filter(({ items }) => items.some(({ propensity }) => propensity !== null));
  const [first] = explored;
  if (first === undefined) return { ...said, answers: shown.length, ...offPolicy([]) };
  const users = new Set(explored.map(({ userId }) => userId));
  console.error('reading the log of interactions');
  const { table, acts } = await readEvents(config, { users, fromMs: first.servedMs });
  const { items } = await readItems(config);
  const definitions = [withoutExploring(model), ...ladderModels(context, catalogue)];
  const settings = evaluationSettings();
  const engine = new Engine({ definitions, kinds, settings, items, keepsSeen: true });
  const definition = answeredBy(context, first.answeredBy, definitions[0] ?? model);
  const run = new ContextRun({ definition, engine, items, types: settings.types });
  const target = new Target({ engine, context: run, users });
  const progress = evaluationProgress(table.length);
  const compared = await compareAll(table, explored, { target, onEvents: progress.at }).finally(
    progress.end,
  );
  const withinMs = choice.withinHours * 3_600_000;
  const credits = creditsOf(explored, acts, { context: name, kinds: choice.kinds, withinMs });
  return { ...said, answers: shown.length, ...offPolicy(placesOf(compared, credits)) };
}

/** A version that is published, or a file or name of definitions/. */
const modelNamed = (given: string, { models }: Catalogue): ModelDefinition =>
  models.get(given)?.definition ?? readModel(given);

/** What it holds best, always: chances are of what was shown, not of what would have been. */
export const withoutExploring = (model: ModelDefinition): ModelDefinition => {
  const { exploration } = model.retrieval;
  if (!isObject(exploration)) return model;
  return { ...model, retrieval: { ...model.retrieval, exploration: { ...exploration, share: 0 } } };
};

const isObject = (value: unknown): value is Record<string, never> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ladderModels = (
  { ladder }: ContextDefinition,
  { models }: Catalogue,
): readonly ModelDefinition[] => ladder.flatMap(({ model }) => models.get(model)?.definition ?? []);

/** The context with another model in the step that explores. */
export const answeredBy = (
  context: ContextDefinition,
  step: string,
  model: ModelDefinition,
): ContextDefinition => ({
  ...context,
  ladder: context.ladder.map((one, at) =>
    one.step === step || (at === 0 && !context.ladder.some((other) => other.step === step))
      ? { ...one, model: modelVersion(model).version }
      : one,
  ),
});

async function readEvents(
  config: CommonConfig,
  { users, fromMs }: { readonly users: ReadonlySet<string>; readonly fromMs: number },
): Promise<{ readonly table: EventTable; readonly acts: readonly Act[] }> {
  const builder = new EventTableBuilder();
  let acts: Act[] = [];
  const onForgotten = (userId: string): void => {
    builder.forget(userId);
    acts = acts.filter((act) => act.userId !== userId);
  };
  for await (const events of interactionsOf(config, new RowFaults(), onForgotten))
    for (const event of events) {
      const { user_id: userId, item_id: itemId, type, occurred_at: atMs } = event;
      builder.add({ userId, itemId, type, atMs, orderMs: event.appended_at });
      if (event.appended_at >= fromMs - skewMs && users.has(userId)) acts.push(actOf(event));
    }
  return { table: builder.table('interactions'), acts };
}
const skewMs = 60_000;

const turnEvery = 500;

/** Every event and every answer in the order in which they came: nobody sees ahead. */
export async function compareAll(
  table: EventTable,
  shown: readonly Shown[],
  {
    target,
    onEvents,
  }: { readonly target: Target; readonly onEvents?: (events: number) => Promise<void> },
): Promise<readonly Compared[]> {
  const compared: Compared[] = [];
  const { length, user, item, type, atMs, orderMs, userIds, itemIds, types } = table;
  let event = 0;
  for (const one of shown) {
    for (; event < length && (orderMs[event] ?? 0) < one.servedMs; event += 1) {
      target.learn({
        userId: userIds[user[event] ?? 0] ?? '',
        itemId: itemIds[item[event] ?? 0] ?? '',
        type: types[type[event] ?? 0] ?? '',
        atMs: atMs[event] ?? 0,
      });
      if (event % turnEvery === 0) await (onEvents?.(event) ?? nextTurn());
    }
    compared.push({ shown: one, target: target.answer(one.userId, one.servedMs) });
  }
  return compared;
}
