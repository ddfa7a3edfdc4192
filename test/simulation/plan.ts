import type { Dice } from './dice.ts';
import type { Content, Item } from './folds.ts';
import type { Faults } from './scheduler.ts';

/** How likely, at a step, something is to happen beside what the processes do. */
export interface Rates {
  readonly append: number;
  readonly start: number;
  readonly crash: number;
  readonly stop: number;
  readonly freeze: number;
  readonly thaw: number;
  readonly rebalance: number;
  readonly expire: number;
  readonly loseTail: number;
  readonly trim: number;
  readonly publishSchema: number;
}

/** What one schedule is about: drawn from its seed before anything happens. */
export interface Plan {
  /**
   * A fold that emits and one that reads what it emits, or a task in the place of the first; or one
   * fold of two inputs.
   */
  readonly kind: 'chain' | 'task' | 'ahead';
  readonly partitions: number;
  readonly targets: number;
  readonly cacheBytesMax: number;
  readonly recordsMax: number;
  readonly processes: number;
  readonly steps: number;
  /** Whether faults begin when its processes fold, not while they start. */
  readonly warm: boolean;
  readonly faults: Faults;
  readonly slowShare: number;
  readonly rates: Rates;
  /** Retention may take what was never folded: then the owners must stop. */
  readonly overtakes: boolean;
  /** Some records can be used only by whoever finds their schema. */
  readonly schemas: boolean;
  readonly records: readonly {
    readonly input: number;
    readonly partition: number;
    readonly content: Content;
  }[];
}

const keys = ['a', 'b', 'c'] as const;

export function planOf(dice: Dice): Plan {
  const kind = dice.pick<Plan['kind']>(['chain', 'chain', 'chain', 'task', 'ahead']);
  const partitions = dice.between(1, 2);
  // What was trimmed, or decided, before Redis lost it is no more: not both in one schedule.
  const tail = dice.chance(0.3);
  const trims = !tail && dice.chance(0.3);
  const schemas = !tail && kind !== 'task' && dice.chance(0.3);
  const some = (share: number, most: number): number =>
    dice.chance(share) ? dice.unit() * most : 0;
  return {
    kind,
    partitions,
    targets: dice.between(1, 2),
    cacheBytesMax: dice.pick([0, 300, 10_000]),
    recordsMax: dice.between(1, 5),
    processes: dice.between(2, 3),
    steps: dice.between(40, 120),
    warm: dice.chance(0.5),
    faults: {
      fail: some(0.5, 0.1),
      lost: some(0.6, 0.3),
      late: some(0.6, 0.3),
      twice: some(0.5, 0.3),
    },
    slowShare: some(0.6, 0.2),
    rates: {
      append: 0.08,
      start: 0.05,
      crash: some(0.6, 0.03),
      stop: some(0.3, 0.02),
      freeze: some(0.6, 0.04),
      thaw: 0.04,
      rebalance: some(0.7, 0.06),
      expire: 0.03,
      loseTail: tail ? 0.03 : 0,
      trim: trims ? 0.04 : 0,
      publishSchema: schemas ? 0.06 : 0,
    },
    overtakes: trims && dice.chance(0.3),
    schemas,
    records: Array.from({ length: dice.between(5, 12) }, () => ({
      input: kind === 'ahead' ? dice.below(2) : 0,
      partition: dice.below(partitions),
      content: contentFrom(dice, schemas),
    })),
  };
}

function contentFrom(dice: Dice, schemas: boolean): Content {
  const items = Array.from(
    { length: dice.between(0, 3) },
    (): Item => ({ key: dice.pick(keys), n: dice.between(-1, 9) }),
  );
  if (dice.chance(0.08)) return { items, poison: true };
  return schemas && dice.chance(0.6) ? { items, schema: dice.between(1, 2) } : { items };
}
