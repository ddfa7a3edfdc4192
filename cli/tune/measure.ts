import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { Engine, type Moment, usPerList } from '../evaluate/engine.ts';
import { EngineParticipant } from '../evaluate/engine-participant.ts';
import type { EventTable } from '../evaluate/event-table.ts';
import { planTests, type TestChoice } from '../evaluate/protocol.ts';
import { replay } from '../evaluate/replay.ts';
import type { UserSettings } from '../evaluate/users.ts';
import type { Gains, Metric } from './metric.ts';

/** What models are measured with, whichever they are. */
export interface Bench {
  readonly kinds: KindCatalogue;
  readonly settings: UserSettings;
  readonly items: ItemTable | null;
  readonly moment: Moment;
  readonly excludesSeen: boolean;
  readonly metric: Metric;
  /** Called every few hundred events, and may wait; false: nobody wants to know any more. */
  readonly goesOn: (events: number) => boolean | Promise<boolean>;
}

export interface Measured extends Gains {
  readonly usPerList: number | null;
  readonly usPerEvent: number;
}

/**
 * Predict, then learn, with every model by itself: one whose weights are learned must not profit
 * from another's lists. Null: broken off.
 */
export async function measure(
  table: EventTable,
  definitions: readonly ModelDefinition[],
  { bench, choice }: { readonly bench: Bench; readonly choice: TestChoice },
): Promise<readonly Measured[] | null> {
  const { kinds, settings, items, moment, excludesSeen, metric } = bench;
  const plan = planTests(table, choice);
  const engines = definitions.map(
    (definition) =>
      new Engine({ definitions: [definition], kinds, settings, items, keepsSeen: true }),
  );
  const user = new Int32Array(plan.tests);
  const gains = engines.map(() => new Float64Array(plan.tests));
  const steps = replay(table, plan, {
    participants: engines.map(
      (engine) =>
        new EngineParticipant(engine, table, {
          moment,
          excludesSeen,
          length: metric.k,
          contexts: [],
        }),
    ),
    onTest: (tested) => {
      user[tested.test] = tested.user;
      for (const [index, list] of tested.lists.entries()) {
        const rank = list.indexOf(tested.item) + 1;
        (gains[index] as Float64Array)[tested.test] = rank === 0 ? 0 : metric.gain(rank);
      }
    },
    onEvent: () => undefined,
  });
  for (const events of steps) if (!(await bench.goesOn(events))) return null;
  return engines.map((engine, index) => ({
    user,
    gains: gains[index] as Float64Array,
    usPerList: engine.models[0] === undefined ? null : usPerList(engine.models[0]),
    usPerEvent: perEvent(engine),
  }));
}

const perEvent = ({ folding, learning, clock }: Engine): number => {
  const learnMs = [...learning.values()].reduce((sum, { ms }) => sum + ms, 0);
  return folding.usEach() + (1_000 * learnMs) / Math.max(1, clock);
};
