import { monotonicMs } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import { Beyond } from './beyond.ts';
import type { ContextRun } from './context-run.ts';
import { usEachOf } from './cost.ts';
import { type Engine, type EngineModel, type Moment, usPerList } from './engine.ts';
import { EngineParticipant } from './engine-participant.ts';
import type { EventTable } from './event-table.ts';
import { Popularity } from './popularity.ts';
import { nothingToTest, planTests, type TestChoice, type TestPlan } from './protocol.ts';
import {
  historyBounds,
  meanOf,
  middleOf,
  Outcomes,
  qualityOf,
  resampled,
  sumsByUser,
} from './quality.ts';
import { replay } from './replay.ts';
import type {
  Evaluated,
  EvaluatedCost,
  EvaluationResult,
  HistoryQuality,
  TimeQuality,
} from './result.ts';

export interface RunOptions {
  readonly engine: Engine;
  readonly contexts: readonly ContextRun[];
  readonly moment: Moment;
  readonly choice: TestChoice;
  readonly excludesSeen: boolean;
  readonly ks: readonly number[];
  /** Of lists that are to have so many items. */
  readonly atLeast: number;
  /** Null where nothing is known of an item's categories. */
  readonly categoriesOf: (itemId: string) => ReadonlySet<string> | null;
  /** Rows of the input that were no events. */
  readonly faults: number;
  /** Called now and then; may wait. */
  readonly onProgress: (events: number) => void | Promise<void>;
}

interface Ran extends RunOptions {
  readonly table: EventTable;
  readonly plan: TestPlan;
  readonly outcomes: Outcomes;
  readonly beyond: Beyond;
}

/** Runs the events past the engine: predict, then learn, strictly in the order of time. */
export async function evaluate(table: EventTable, options: RunOptions): Promise<EvaluationResult> {
  const startedMs = monotonicMs();
  const { engine, contexts, moment, choice, excludesSeen, ks } = options;
  const plan = planTests(table, choice);
  if (plan.tests === 0) throw new UserError(nothingToTest(table.name));
  const length = Math.max(...ks);
  const participant = new EngineParticipant(engine, table, {
    moment,
    excludesSeen,
    length,
    contexts,
  });
  const popularity = new Popularity();
  const lists = participant.names.length;
  const outcomes = new Outcomes(plan.tests, lists);
  const beyond = new Beyond({
    lists,
    tests: plan.tests,
    popularity,
    atLeast: options.atLeast,
    categoriesOf: (item) => options.categoriesOf(table.itemIds[item] ?? ''),
  });
  const steps = replay(table, plan, {
    participants: [participant],
    onTest: (tested) => {
      outcomes.note(tested);
      beyond.note(tested);
    },
    onEvent: (event) => {
      popularity.add(event.item);
      beyond.learn(event);
    },
  });
  for (const events of steps) await options.onProgress(events);
  const ran: Ran = { ...options, table, plan, outcomes, beyond };
  return {
    layout: 1,
    data: {
      name: table.name,
      events: table.length,
      users: table.userIds.length,
      items: table.itemIds.length,
      first_ms: table.atMs[0] ?? 0,
      last_ms: table.atMs[table.length - 1] ?? 0,
      faults: options.faults,
    },
    protocol: {
      moment,
      test_from_ms: plan.fromMs,
      eligible: plan.eligible,
      tests: plan.tests,
      sample: choice.sample !== null && plan.eligible > plan.tests ? choice.sample : null,
      excludes_seen: excludesSeen,
      ks,
      repeat_share: shareOf(outcomes.isRepeat),
      cold_item_share: shareOf(outcomes.isCold),
    },
    evaluated: [
      ...engine.models.map((model, list) => evaluatedModel(ran, model, list)),
      ...contexts.map((context, at) => evaluatedContext(ran, context, engine.models.length + at)),
    ],
    seconds: (monotonicMs() - startedMs) / 1000,
  };
}

const shareOf = (flags: Uint8Array): number =>
  flags.reduce((sum, flag) => sum + flag, 0) / Math.max(1, flags.length);

const evaluatedModel = (ran: Ran, model: EngineModel, list: number): Evaluated => ({
  name: model.ready.version,
  what: 'model',
  kind: model.definition.kind,
  list: model.ready.kind === 'shared' ? 'shared' : ran.moment,
  ...qualities(ran, list),
  beyond: ran.beyond.of(list),
  cost: costOf(ran.engine, [model]),
  context: null,
});

const evaluatedContext = (ran: Ran, context: ContextRun, list: number): Evaluated => ({
  name: context.definition.context,
  what: 'context',
  kind: null,
  list: 'context',
  ...qualities(ran, list),
  beyond: ran.beyond.of(list),
  cost: costOf(
    ran.engine,
    ran.engine.models.filter((_, index) => context.models.includes(index)),
  ),
  context: context.figures(),
});

const qualities = (ran: Ran, list: number) => {
  const { outcomes, ks } = ran;
  const ranks = outcomes.ranks[list] as Uint16Array;
  return {
    quality: qualityOf(ranks, ks),
    quality_new: qualityOf(ranks, ks, (test) => outcomes.isRepeat[test] === 0),
    intervals: intervalsOf(outcomes, ranks, ks[0] as number),
    by_history: historyBounds.map(([from, to]): HistoryQuality => {
      const within = (test: number): boolean => {
        const history = outcomes.history[test] as number;
        return history >= from && (to === null || history <= to);
      };
      return { from, to, quality: qualityOf(ranks, ks, within) };
    }),
    over_time: overTime(ran, ranks),
  };
};

const timeParts = 10;

const overTime = ({ outcomes, ks, plan, table }: Ran, ranks: Uint16Array): TimeQuality[] => {
  const fromMs = Math.max(plan.fromMs, table.atMs[0] ?? 0);
  const partMs = ((table.atMs[table.length - 1] ?? fromMs) - fromMs) / timeParts;
  return Array.from({ length: timeParts }, (_, part) => {
    const from = fromMs + part * partMs;
    const to = from + partMs;
    const within = (test: number): boolean => {
      const atMs = outcomes.atMs[test] as number;
      return atMs >= from && (atMs < to || part === timeParts - 1);
    };
    return { from_ms: from, to_ms: to, quality: qualityOf(ranks, ks, within) };
  });
};

const intervalsOf = (outcomes: Outcomes, ranks: Uint16Array, k: number) => {
  const sums = sumsByUser(outcomes, ranks, k);
  const users = sums.tests.length;
  const hr = resampled(users, (times) => meanOf(sums.hits, sums.tests, times));
  const mrr = resampled(users, (times) => meanOf(sums.reciprocals, sums.tests, times));
  return hr === null || mrr === null ? null : { hr: middleOf(hr), mrr: middleOf(mrr) };
};

/** Of these models together: what they share is counted once. */
const costOf = (engine: Engine, models: readonly EngineModel[]): EvaluatedCost => {
  const learned = new Set(models.flatMap(({ ready }) => ready.learned));
  const events = Math.max(1, engine.clock);
  const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0);
  const weights = engine.weightsOf(models);
  const learnUs =
    sum([...learned].map((name) => engine.learning.get(name)?.us ?? 0)) +
    sum(weights.map(({ cost }) => cost.us));
  const perList = models.map(usPerList);
  const measured = perList.filter((us) => us !== null);
  return {
    us_per_prediction: measured.length < perList.length ? null : sum(measured),
    us_per_learned_event: engine.folding.usEach() + learnUs / events,
    us_per_event_users: engine.folding.usEach(),
    logged_lists: sum(models.map(({ noting }) => noting.times)),
    us_per_logged_list: usEachOf(models.map(({ noting }) => noting)),
    examples: sum(weights.map(({ examples }) => examples)),
    learned_rows: sum([...learned].map((name) => engine.learned.get(name)?.size ?? 0)),
  };
};
