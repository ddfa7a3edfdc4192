import { setImmediate as nextTurn } from 'node:timers/promises';

import { usEachOf } from '../../cli/evaluate/cost.ts';
import { type Moment, usPerList } from '../../cli/evaluate/engine.ts';
import type { EventTable } from '../../cli/evaluate/event-table.ts';
import { nothingToTest, planTests, type TestPlan } from '../../cli/evaluate/protocol.ts';
import { Outcomes, qualityOf } from '../../cli/evaluate/quality.ts';
import { type Participant, replay } from '../../cli/evaluate/replay.ts';
import type { UserSettings } from '../../cli/evaluate/users.ts';
import { monotonicMs } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { type Twin, twins, twinSettings } from './agreement.ts';
import { Contender } from './contenders.ts';
import { type Metric, type Ratio, ratioOf, stated, type Stated } from './ratios.ts';
import { listLength, ReferenceMethods } from './reference/methods.ts';
import { type KeysAre, keysOf, referenceSettings } from './reference/settings.ts';

export interface DataQualityOptions {
  readonly definition: ModelDefinition;
  readonly settings: UserSettings;
  readonly items: ItemTable | null;
  readonly excludesSeen: boolean;
  readonly moments: readonly Moment[];
  readonly sample: number;
  readonly agreement: boolean;
  readonly say: (line: string) => void;
}

/** What the JSON says of one data set. Figures of further moments end in their name. */
export interface QualityFigures {
  readonly events: number;
  readonly keys: number;
  readonly items: number;
  readonly keys_are: KeysAre;
  readonly eligible: number;
  readonly tests: number;
  readonly excludes_seen: boolean;
  readonly reference_best_hr20: number;
  readonly reference_best_hr20_method: string;
  readonly reference_best_mrr20: number;
  readonly reference_best_mrr20_method: string;
  readonly blend_hr20: number;
  readonly blend_mrr20: number;
  readonly blend_hr20_new: number;
  readonly blend_hr20_ratio: Stated;
  readonly blend_mrr20_ratio: Stated;
  readonly blend_cost: object | null;
  readonly reference: Readonly<Record<string, Figures>>;
  readonly agreement: Readonly<Record<string, Agreement>>;
  readonly seconds: number;
}

interface Agreement extends Figures {
  readonly reference: string;
  readonly difference: number;
  readonly agrees: boolean;
}

export interface DataQuality {
  readonly name: string;
  readonly figures: QualityFigures;
  /** Of the first moment's lists over the best single reference, per metric. */
  readonly ratios: Readonly<Record<Metric, Ratio>>;
}

interface Figures {
  readonly hr20: number;
  readonly mrr20: number;
  readonly hr20_new: number;
}

/** Everybody's lists on one data set, all tested on the same events. */
interface Run {
  readonly outcomes: Outcomes;
  readonly names: readonly string[];
}

export async function qualityOnData(
  table: EventTable,
  options: DataQualityOptions,
): Promise<DataQuality> {
  const startedMs = monotonicMs();
  const { excludesSeen, moments, definition, settings, items } = options;
  const keys = keysOf(table);
  const plan = planOf(table, options.sample);
  if (plan.tests === 0) throw new UserError(nothingToTest(table.name));
  const reference = new ReferenceMethods(
    referenceSettings(keys, excludesSeen),
    table.itemIds.length,
  );
  const common = { items, table, excludesSeen, reference };
  const contenders = moments.map(
    (moment) => new Contender({ ...common, settings, moment, definitions: [definition] }),
  );
  const pairs = options.agreement ? twins(table.itemIds.length, excludesSeen) : [];
  const definitions = pairs.map((twin) => twin.definition);
  const alike =
    pairs.length === 0
      ? []
      : [
          new Contender({
            ...common,
            settings: twinSettings(settings),
            moment: 'request',
            definitions,
          }),
        ];
  const run = await runAll(table, plan, {
    participants: [reference, ...contenders, ...alike],
    say: options.say,
  });
  const best = bestOf(run, reference.names.length);
  const [main = 0, ...others] = moments.map((_, at) => reference.names.length + at);
  const ratios = {
    hr: ratioOf(run.outcomes, { list: main, over: best.hr, metric: 'hr', k: listLength }),
    mrr: ratioOf(run.outcomes, { list: main, over: best.mrr, metric: 'mrr', k: listLength }),
  };
  const figures: QualityFigures = {
    events: table.length,
    keys: table.userIds.length,
    items: table.itemIds.length,
    keys_are: keys,
    eligible: plan.eligible,
    tests: plan.tests,
    excludes_seen: excludesSeen,
    reference_best_hr20: figuresOf(run, best.hr).hr20,
    reference_best_hr20_method: run.names[best.hr] ?? '',
    reference_best_mrr20: figuresOf(run, best.mrr).mrr20,
    reference_best_mrr20_method: run.names[best.mrr] ?? '',
    ...named('', figuresOf(run, main)),
    ...Object.assign(
      {},
      ...others.map((list, at) => named(`_${moments[at + 1] ?? ''}`, figuresOf(run, list))),
    ),
    blend_hr20_ratio: stated(ratios.hr),
    blend_mrr20_ratio: stated(ratios.mrr),
    blend_cost: contenders[0] === undefined ? null : costOf(contenders[0]),
    reference: Object.fromEntries(
      reference.names.map((name, list) => [name, figuresOf(run, list)]),
    ),
    agreement: agreementOf(run, pairs, main + moments.length),
    seconds: (monotonicMs() - startedMs) / 1000,
  };
  return { name: table.name, figures, ratios };
}

/** Up to so many tests are all done. */
const sampledFrom = 20_000;
const seed = 42;

/** All tests, or a sample where there are very many. */
const planOf = (table: EventTable, size: number): TestPlan => {
  const from = { share: 0.9 };
  const all = planTests(table, { from, sample: null });
  return all.eligible <= sampledFrom ? all : planTests(table, { from, sample: { size, seed } });
};

async function runAll(
  table: EventTable,
  plan: TestPlan,
  given: { readonly participants: readonly Participant[]; readonly say: (line: string) => void },
): Promise<Run> {
  const names = given.participants.flatMap((one) => one.names);
  const outcomes = new Outcomes(plan.tests, names.length);
  const steps = replay(table, plan, {
    participants: given.participants,
    onTest: (tested) => outcomes.note(tested),
    onEvent: () => undefined,
  });
  let saidMs = monotonicMs();
  for (const events of steps) {
    if (monotonicMs() - saidMs < 5_000) continue;
    saidMs = monotonicMs();
    given.say(`${table.name}: ${events} of ${table.length} events`);
    await nextTurn();
  }
  return { outcomes, names };
}

const figuresOf = ({ outcomes }: Run, list: number): Figures => {
  const ranks = outcomes.ranks[list] as Uint16Array;
  const all = qualityOf(ranks, [listLength]).at[0];
  const ofNew = qualityOf(ranks, [listLength], (test) => outcomes.isRepeat[test] === 0).at[0];
  return { hr20: all?.hr ?? 0, mrr20: all?.mrr ?? 0, hr20_new: ofNew?.hr ?? 0 };
};

/** The best of the first `count` lists, per metric. */
const bestOf = (run: Run, count: number): Readonly<Record<Metric, number>> => {
  const figures = Array.from({ length: count }, (_, list) => figuresOf(run, list));
  const bestBy = (of: (one: Figures) => number): number =>
    figures.reduce((best, one, at) => (of(one) > of(figures[best] as Figures) ? at : best), 0);
  return { hr: bestBy((one) => one.hr20), mrr: bestBy((one) => one.mrr20) };
};

const named = <Last extends string>(last: Last, figures: Figures) =>
  ({
    [`blend_hr20${last}`]: figures.hr20,
    [`blend_mrr20${last}`]: figures.mrr20,
    [`blend_hr20_new${last}`]: figures.hr20_new,
  }) as Readonly<Record<`blend_${keyof Figures}${Last}`, number>>;

const costOf = ({ engine }: Contender): object => {
  const [model] = engine.models;
  const learnUs = [...engine.learning.values()].reduce((sum, { us }) => sum + us, 0);
  const [weights] = engine.weightsOf(engine.models);
  return {
    us_per_event_users: engine.folding.usEach(),
    us_per_event_learning: learnUs / Math.max(1, engine.clock),
    us_per_list: model === undefined ? null : usPerList(model),
    us_per_logged_list: usEachOf(model === undefined ? [] : [model.noting]),
    logged_lists: model?.noting.times ?? 0,
    examples: weights?.examples ?? 0,
    us_per_example: weights?.cost.usEach() ?? 0,
  };
};

const agreementOf = (
  run: Run,
  pairs: readonly Twin[],
  from: number,
): Readonly<Record<string, Agreement>> =>
  Object.fromEntries(
    pairs.map(({ definition, reference }, at) => {
      const ours = figuresOf(run, from + at);
      const theirs = figuresOf(run, run.names.indexOf(reference));
      const difference = Math.max(
        Math.abs(ours.hr20 - theirs.hr20),
        Math.abs(ours.mrr20 - theirs.mrr20),
      );
      return [
        definition.model,
        { ...ours, reference, difference, agrees: difference <= agreesWithin },
      ];
    }),
  );

const agreesWithin = 0.005;
