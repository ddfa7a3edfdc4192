import { setImmediate as nextTurn } from 'node:timers/promises';

import { Cost } from '../../cli/evaluate/cost.ts';
import { Engine } from '../../cli/evaluate/engine.ts';
import type { UserSettings } from '../../cli/evaluate/users.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { randomOf, zipf } from '../micro/synthetic.ts';
import { round } from '../stages.ts';

/** CPU of the folds over users is not in it, nor the reading of rows from Redis. */
export interface GrowthPoint {
  /** Items of each user; so many are paired with a visit, and asked for neighbours. */
  readonly history: number;
  readonly neighbours: number;
  readonly learning_us_per_event: number;
  readonly list_ms: number;
}

export interface Growth {
  /** As shipped, with 20 items per user. */
  readonly learning_us_per_event: number;
  readonly list_ms: number;
  readonly growth: readonly GrowthPoint[];
  /** Cost by cost at the smallest, over size by size: 1 is linear, less is better. */
  readonly learning_growth_by_history: number;
  readonly list_growth_by_history: number;
  readonly learning_growth_by_neighbours: number;
  readonly list_growth_by_neighbours: number;
}

const items = 20_000;
/** Warms up first: neighbour lists fill, and code is compiled. */
const warmEvents = 150_000;
const events = 20_000;
const lists = 400;
const usual = 20;

export async function measureGrowth(
  definition: ModelDefinition,
  settings: UserSettings,
  say: (line: string) => void,
): Promise<Growth> {
  const points: GrowthPoint[] = [];
  const measured = async (history: number, neighbours: number): Promise<GrowthPoint> => {
    const own = { ...settings, recentItemsMax: history };
    const point = { history, neighbours, ...measure(sized(definition, history, neighbours), own) };
    say(`${history} items, ${neighbours} neighbours: ${textOf(point)}`);
    points.push(point);
    await nextTurn();
    return point;
  };
  const shipped = measure(untrained(definition), settings);
  say(`as shipped: ${textOf(shipped)}`);
  const [short, , long] = [
    await measured(10, 300),
    await measured(20, 300),
    await measured(50, 300),
  ];
  const [few, many] = [await measured(20, 100), points[1] ?? short];
  const learning = ({ learning_us_per_event: us }: GrowthPoint): number => us;
  const listing = ({ list_ms: ms }: GrowthPoint): number => ms;
  return {
    ...shipped,
    growth: points,
    learning_growth_by_history: round(learning(long) / learning(short) / (50 / 10)),
    list_growth_by_history: round(listing(long) / listing(short) / (50 / 10)),
    learning_growth_by_neighbours: round(learning(many) / learning(few) / (300 / 100)),
    list_growth_by_neighbours: round(listing(many) / listing(few) / (300 / 100)),
  };
}

type Measured = Pick<GrowthPoint, 'learning_us_per_event' | 'list_ms'>;

const textOf = ({ learning_us_per_event: us, list_ms: ms }: Measured): string =>
  `${us} us per learned event, ${ms} ms per list`;

/** Nobody's lists are logged for training: what is measured is a user's list and no more. */
const untrained = (definition: ModelDefinition): ModelDefinition => ({
  ...definition,
  retrieval: { ...definition.retrieval, trainingShare: 0 },
});

const sized = (
  definition: ModelDefinition,
  history: number,
  neighbours: number,
): ModelDefinition => {
  const { learning, retrieval } = untrained(definition);
  return {
    ...definition,
    learning: { ...learning, neighboursMax: neighbours, distanceMax: history },
    retrieval: { ...retrieval, recentItemsMax: history },
  };
};

function measure(definition: ModelDefinition, settings: UserSettings): Measured {
  const engine = new Engine({
    definitions: [definition],
    kinds,
    settings,
    items: null,
    keepsSeen: false,
  });
  const random = randomOf(23);
  const rank = zipf(items, 1, random);
  const history = Math.max(usual, settings.recentItemsMax);
  const users = Math.ceil(warmEvents / history / 2);
  let at = 1_600_000_000_000;
  const learn = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const userId = `u${Math.floor(random() * users)}`;
      engine.learn({ userId, itemId: `i${rank()}`, type: 'view', atMs: (at += 30_000) });
    }
  };
  learn(warmEvents);
  const costs = [...engine.learning.values()];
  const usBefore = costs.reduce((sum, { us }) => sum + us, 0);
  learn(events);
  const us = costs.reduce((sum, cost) => sum + cost.us, 0) - usBefore;
  const [model] = engine.models;
  if (model === undefined) throw new Error('no model');
  const cost = new Cost();
  for (let n = 0; n < 2 * lists; n++) {
    const profile = engine.profile(`u${n % users}`);
    if (profile === null) continue;
    if (n < lists) engine.list(model, profile);
    else cost.of(() => engine.list(model, profile));
  }
  return { learning_us_per_event: round(us / events), list_ms: round(cost.usEach() / 1_000) };
}
