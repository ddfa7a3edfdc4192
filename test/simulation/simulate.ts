import type { Dice } from './dice.ts';
import type { Host } from './host.ts';
import type { Rates } from './plan.ts';
import { World } from './world.ts';

export type Mode = 'safety' | 'liveness';

export interface Outcome {
  readonly seed: number;
  readonly mode: Mode;
  readonly steps: number;
  /** Null: nothing was ever wrong. */
  readonly violation: string | null;
  readonly trace: readonly string[];
}

/** In peace everything is folded within so many steps; more of them means that something hangs. */
const peaceStepsMax = 6_000;

const warmStepsMax = 200;
const noFaults = { fail: 0, lost: 0, late: 0, twice: 0 };

/** A schedule on its way: faults for a while, and in liveness mode peace until all is folded. */
class Run {
  readonly world: World;
  readonly seed: number;
  readonly mode: Mode;
  steps = 0;
  /** Steps until the processes fold, in which nothing goes wrong; of half of the schedules none. */
  #warmSteps = 0;
  #isWarm: boolean;

  constructor(seed: number, mode: Mode, traced: boolean) {
    this.seed = seed;
    this.mode = mode;
    this.world = new World(seed, traced);
    this.#isWarm = !this.world.plan.warm;
    if (!this.#isWarm) this.world.scheduler.faults = noFaults;
  }

  /** One thing happens. False when the schedule is over. */
  step(): boolean {
    const { world } = this;
    if (world.violation !== null) return false;
    if (!this.#isWarm) return this.#warm();
    const { steps } = world.plan;
    if (this.steps < steps) {
      if (!disturb(world)) world.scheduler.step();
    } else if (this.mode === 'safety' || world.overtaken) {
      world.checkAll();
      return false;
    } else if (!this.#peace(steps)) return false;
    this.steps += 1;
    return true;
  }

  #warm(): boolean {
    const { world } = this;
    this.#warmSteps += 1;
    world.scheduler.step();
    if (this.#warmSteps % 4 !== 0) return true;
    this.#isWarm = world.folding || this.#warmSteps > warmStepsMax;
    if (this.#isWarm) world.scheduler.faults = world.plan.faults;
    return true;
  }

  #peace(from: number): boolean {
    const { world } = this;
    if (!world.peaceful) calm(world);
    // A process may still end by itself, and somebody starts another one.
    if (world.hosts.length === 0) world.start();
    world.scheduler.step();
    if (this.steps % 4 !== 0) return true;
    world.expire((host) => host === undefined);
    if (world.checks.every((check) => check.caughtUp())) {
      world.checkAll();
      return false;
    }
    if (this.steps - from < peaceStepsMax) return true;
    const stand = world.checks.map((check) => `${check.name} ${check.describe()}`).join('; ');
    world.violation = `not caught up after ${peaceStepsMax} steps of peace: ${stand}`;
    return false;
  }

  outcome(): Outcome {
    const { seed, mode, steps, world } = this;
    const { violation } = world;
    return { seed, mode, steps, violation, trace: world.scheduler.trace ?? [] };
  }
}

/** Faults stop: everybody is awake, everything is known, and commands arrive. */
function calm(world: World): void {
  world.scheduler.note('--- peace');
  world.peaceful = true;
  world.scheduler.faults = noFaults;
  world.scheduler.slowShare = 0;
  for (const host of world.hosts) host.frozen = false;
  for (const id of [1, 2]) world.knownSchemas.add(id);
  while (!world.allAppended) world.appendOne();
}

const acts: { readonly [What in keyof Rates]: (world: World) => void } = {
  append: (world) => world.appendOne(),
  start: (world) => {
    if (world.hosts.length < world.plan.processes) world.start();
  },
  crash: (world) => {
    const host = anyHost(world);
    if (host === undefined) return;
    world.scheduler.note(`${host.name} crashes`);
    world.kill(host);
  },
  stop: (world) => {
    const host = anyHost(world);
    if (host === undefined || host.stopping || host.services.length === 0) return;
    host.stopping = true;
    world.scheduler.note(`${host.name} is asked to stop`);
    void Promise.all(host.services.map((service) => service.stop())).then(() => world.kill(host));
  },
  freeze: (world) => {
    const host = anyHost(world);
    if (host === undefined) return;
    world.scheduler.note(`${host.name} freezes`);
    host.frozen = true;
  },
  thaw: (world) => {
    const host = anyHost(world);
    if (host !== undefined) host.frozen = false;
  },
  rebalance: (world) => {
    const all = world.groups.all();
    world.scheduler.note('rebalance');
    all[world.dice.below(all.length)]?.rebalance();
  },
  expire: (world) => world.expire((host) => host === undefined || host.frozen),
  loseTail: (world) => world.loseTail(),
  trim: (world) => world.trim(),
  publishSchema: (world) => void world.knownSchemas.add(world.dice.between(1, 2)),
};
const names = Object.keys(acts) as (keyof Rates)[];

const anyHost = ({ hosts, dice }: { hosts: readonly Host[]; dice: Dice }): Host | undefined =>
  hosts[dice.below(hosts.length)];

/** Something happens from outside, or not. */
function disturb(world: World): boolean {
  let thrown = world.dice.unit();
  for (const name of names) {
    thrown -= world.plan.rates[name];
    if (thrown < 0) {
      acts[name](world);
      return true;
    }
  }
  return false;
}

export interface SimulationOptions {
  /** The first schedule's seed; the others follow. */
  readonly seed: number;
  readonly schedules: number;
  /** Null: by turns. */
  readonly mode: Mode | null;
  readonly traced?: boolean;
  readonly signal?: AbortSignal;
}

/** Schedules that run side by side: what code does between two steps is done for all at once. */
const sideBySide = 32;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs schedules until one fails; returns that one, and how many were fine. */
export async function simulate(options: SimulationOptions): Promise<{
  readonly schedules: number;
  readonly steps: number;
  readonly failed: Outcome | null;
}> {
  const { seed, schedules, mode, traced = false } = options;
  let next = 0;
  let steps = 0;
  let done = 0;
  let failed: Outcome | null = null;
  const begin = (): Run[] => {
    if (next >= schedules) return [];
    const own = seed + next;
    next += 1;
    return [new Run(own, mode ?? (own % 2 === 0 ? 'safety' : 'liveness'), traced)];
  };
  let runs = Array.from({ length: Math.min(sideBySide, schedules) }, begin).flat();
  while (runs.length > 0 && failed === null) {
    await turn();
    const going: Run[] = [];
    for (const run of runs) {
      if (run.step()) {
        going.push(run);
        continue;
      }
      steps += run.steps;
      if (run.world.violation === null) done += 1;
      else failed ??= run.outcome();
      going.push(...begin());
    }
    runs = going;
  }
  return { schedules: done, steps, failed };
}
