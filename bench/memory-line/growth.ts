import { setImmediate as nextTurn } from 'node:timers/promises';

import { Cost } from '../../cli/evaluate/cost.ts';
import { Engine } from '../../cli/evaluate/engine.ts';
import type { UserSettings } from '../../cli/evaluate/users.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { readRow } from '../../models/blend/stored-row.ts';
import { kinds } from '../../models/kinds.ts';
import { randomOf, zipf } from '../micro/synthetic.ts';
import { median } from '../median.ts';
import { round } from '../stages.ts';

/** CPU of the folds over users is not in it, nor the reading of rows from Redis. */
export interface GrowthPoint {
  /** Items of each user; so many are paired with a visit, and asked for neighbours. */
  readonly history: number;
  readonly neighbours: number;
  /** Neighbours in the row of a visited item, on average: a pair is looked for among all of them. */
  readonly neighbours_held: number;
  readonly learning_us_per_event: number;
  readonly list_ms: number;
}

export interface Growth {
  /** As shipped, with at least 20 items per user. */
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
const turns = 7;
const eventsPerTurn = 3_000;
const listsPerTurn = 100;
const usual = 20;
const sampled = 2_000;

/**
 * All sizes take turns, and the median of a size's turns counts: what else the machine does differs
 * from minute to minute by more than what is to be seen here.
 */
export async function measureGrowth(
  definition: ModelDefinition,
  settings: UserSettings,
  say: (line: string) => void,
): Promise<Growth> {
  const shipped = new Trial(untrained(definition), settings);
  const sizes = [
    [10, 300],
    [20, 300],
    [50, 300],
    [20, 100],
  ] as const;
  const trials = sizes.map(
    ([history, neighbours]) =>
      new Trial(sized(definition, history, neighbours), { ...settings, recentItemsMax: history }),
  );
  for (let turn = 0; turn < turns; turn++)
    for (const trial of [shipped, ...trials]) {
      trial.turn();
      await nextTurn();
    }
  const points = sizes.map(([history, neighbours], at): GrowthPoint => {
    const point = { history, neighbours, ...(trials[at] as Trial).figures() };
    say(`${history} items, ${neighbours} neighbours: ${textOf(point)}`);
    return point;
  });
  const [short, usualOne, long, few] = points as [
    GrowthPoint,
    GrowthPoint,
    GrowthPoint,
    GrowthPoint,
  ];
  const own = shipped.figures();
  say(`as shipped: ${textOf(own)}`);
  const learning = ({ learning_us_per_event: us }: GrowthPoint): number => us;
  const listing = ({ list_ms: ms }: GrowthPoint): number => ms;
  return {
    learning_us_per_event: own.learning_us_per_event,
    list_ms: own.list_ms,
    growth: points,
    learning_growth_by_history: round(learning(long) / learning(short) / (50 / 10)),
    list_growth_by_history: round(listing(long) / listing(short) / (50 / 10)),
    learning_growth_by_neighbours: round(learning(usualOne) / learning(few) / (300 / 100)),
    list_growth_by_neighbours: round(listing(usualOne) / listing(few) / (300 / 100)),
  };
}

type Measured = Pick<GrowthPoint, 'neighbours_held' | 'learning_us_per_event' | 'list_ms'>;

const textOf = ({
  learning_us_per_event: us,
  list_ms: ms,
  neighbours_held: held,
}: Measured): string => `${us} us per learned event, ${ms} ms per list; ${held} neighbours held`;

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

/** One size: an engine that has learned, and is asked in turns. */
class Trial {
  readonly #engine: Engine;
  readonly #random = randomOf(23);
  readonly #rank = zipf(items, 1, this.#random);
  readonly #users: number;
  readonly #us: number[] = [];
  readonly #ms: number[] = [];
  #atMs = 1_600_000_000_000;
  #asked = 0;

  constructor(definition: ModelDefinition, settings: UserSettings) {
    const common = { kinds, settings, items: null, keepsSeen: false };
    this.#engine = new Engine({ ...common, definitions: [definition] });
    this.#users = Math.ceil(warmEvents / Math.max(usual, settings.recentItemsMax) / 2);
    this.#learn(warmEvents);
    this.#list(listsPerTurn);
  }

  turn(): void {
    this.#us.push(this.#learn(eventsPerTurn) / eventsPerTurn);
    this.#ms.push(this.#list(listsPerTurn) / 1_000);
  }

  figures(): Measured {
    const visited = Array.from({ length: sampled }, () => `i${this.#rank()}`);
    const [rows] = this.#engine.learned.values();
    const held = visited.map((item) => readRow(rows?.rows([item]).get(item))?.used ?? 0);
    return {
      neighbours_held: round(held.reduce((sum, used) => sum + used, 0) / sampled),
      learning_us_per_event: round(median(this.#us)),
      list_ms: round(median(this.#ms)),
    };
  }

  /** CPU microseconds of the learning alone. */
  #learn(count: number): number {
    const us = (): number =>
      [...this.#engine.learning.values()].reduce((sum, cost) => sum + cost.us, 0);
    const before = us();
    for (let n = 0; n < count; n++) {
      const userId = `u${Math.floor(this.#random() * this.#users)}`;
      this.#atMs += 30_000;
      this.#engine.learn({ userId, itemId: `i${this.#rank()}`, type: 'view', atMs: this.#atMs });
    }
    return us() - before;
  }

  /** CPU microseconds of a list. */
  #list(count: number): number {
    const [model] = this.#engine.models;
    if (model === undefined) throw new Error('no model');
    const cost = new Cost();
    for (let n = 0; n < count; n++) {
      const profile = this.#engine.profile(`u${this.#asked++ % this.#users}`);
      if (profile !== null) cost.of(() => this.#engine.list(model, profile));
    }
    return cost.usEach();
  }
}
