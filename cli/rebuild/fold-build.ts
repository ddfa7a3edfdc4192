import { randomBytes } from 'node:crypto';

import { openRegistry } from '../../lib/avro/registry.ts';
import { monotonicMs } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import { beginBuild, beginningsOf } from '../../lib/stream/begin-build.ts';
import { alsoDrop, type Builds, changeBuilds, readBuilds } from '../../lib/stream/builds.ts';
import {
  type CurrentGeneration,
  isSame,
  readCurrent,
  replaceCurrent,
} from '../../lib/stream/current.ts';
import { closeHands } from '../../lib/stream/hands.ts';
import type { Owners } from '../../lib/stream/owners.ts';
import { runBuild } from '../../lib/stream/run-build.ts';
import { switchGenerations } from '../../lib/stream/switching.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { endsOfInputs, offsetsOf } from '../data/offsets.ts';
import { describeValue } from '../verify/describe.ts';
import { answersBeside } from './answers-beside.ts';
import { compareGenerations, refuseAbove } from './compare.ts';
import { finish } from './finish.ts';
import { keepDecisions } from './keep-decisions.ts';
import { Pace } from './pace.ts';
import { patiently } from './patiently.ts';
import type { FoldToBuild } from './plan.ts';
import { nameOf, type RebuildReport, withShare } from './report.ts';
import { Watch } from './watch.ts';

const switchTriesMax = 10;
/** One for the process, whatever it folds at once. */
const pace = new Pace();

/** A generation that is being built, from the first record to the switch. */
export class FoldBuild {
  readonly #given: FoldToBuild;
  readonly #owners: Owners;
  readonly #watch: Watch;
  #report: RebuildReport;

  private constructor(given: FoldToBuild, owners: Owners, watch: Watch) {
    const { fold, building } = given;
    this.#given = given;
    this.#owners = owners;
    this.#watch = watch;
    this.#report = {
      fold: fold.name,
      ...nameOf(building.generation),
      replaced: building.replaces === null ? null : nameOf(building.replaces),
      records: 0,
      found: 0,
      seconds: 0,
      compared: null,
      switched: false,
      switch_ms: null,
      kept_until: null,
    };
  }

  /** Takes over the hands, also where it fails. */
  static async start(given: FoldToBuild): Promise<FoldBuild> {
    try {
      if (given.building.replaces === null) await keepDecisions(given);
      if (!given.building.back) await begin(given);
      const areAsked = answersBeside(given.hands.admin, given.options.config);
      // The next look knows: by then its group has met, and nothing is folded yet.
      await areAsked();
      const fatal: Error[] = [];
      const owners = await startOwners(given, fatal);
      return new FoldBuild(given, owners, new Watch(given, owners, { fatal, pace, areAsked }));
    } catch (error) {
      await closeHands(given.hands);
      throw error;
    }
  }

  get report(): RebuildReport {
    return this.#report;
  }

  async stop(): Promise<void> {
    await this.#owners.stop();
    await closeHands(this.#given.hands);
  }

  untilLevel(): Promise<void> {
    return this.#watch.untilLevel();
  }

  async compare(): Promise<void> {
    const { fold, hands, building, options } = this.#given;
    const { records, found, seconds } = this.#watch;
    this.#report = { ...this.#report, records, found, seconds };
    const { replaces: before, generation: after } = building;
    if (before === null) return;
    options.say(`${fold.name}: comparing`);
    const { redis } = hands;
    const describe = (bytes: Buffer): string =>
      describeValue(fold.name, bytes, options.config.types);
    const compared = await patiently(
      () => compareGenerations({ redis, fold, before, after, describe, pace }),
      options,
    );
    this.#report = { ...this.#report, compared: withShare(compared) };
  }

  /** What was emitted before a switch is folded by both before the next one. */
  untilPresent(): Promise<void> {
    return this.#watch.untilPresent();
  }

  /** Before anything is switched, where several are switched together. */
  refuseDifference(): void {
    const { differMax } = this.#given.options;
    const { compared, fold } = this.#report;
    if (compared !== null) refuseAbove(differMax, compared, fold);
  }

  async switch(): Promise<void> {
    const { hands, building, options } = this.#given;
    await this.#watch.untilLevel();
    const startedMs = monotonicMs();
    const isNew = await this.#switchTo(building.generation);
    const switchMs = monotonicMs() - startedMs;
    const untilMs = await finish({ hands, current: building.generation, options });
    this.#report = {
      ...this.#report,
      switched: true,
      switch_ms: isNew ? switchMs : null,
      kept_until: building.replaces === null ? null : new Date(untilMs).toISOString(),
    };
  }

  /**
   * Only what is being built may become current. Another command may have begun another build in its
   * place or dropped this one, and deleted keys of it: what was folded since is to be deleted, too.
   */
  async #refuseLeft({ building }: Builds): Promise<void> {
    const { fold, hands, building: own, options } = this.#given;
    if (building !== null && isSame(building.generation, own.generation)) return;
    const at = { prefix: options.config.prefix, name: fold.name };
    await changeBuilds(hands.redis, at, (builds) => alsoDrop(builds, own.generation));
    throw new UserError(
      `${fold.name}: this build was dropped meanwhile, or another one begun: start again`,
    );
  }

  /** False when somebody had switched to it already. */
  async #switchTo(to: CurrentGeneration): Promise<boolean> {
    const { fold, hands, building, options } = this.#given;
    const { prefix } = options.config;
    const { redis, store } = hands;
    const inputs = inputsOf(fold).length;
    for (let tries = 0; tries < switchTriesMax; tries += 1) {
      this.#watch.refuseEnd();
      // In this order: who has switched to it writes down afterwards that it is built no more.
      const held = await patiently(() => readBuilds(redis, prefix, fold.name), options);
      const current = await patiently(() => readCurrent(redis, prefix, fold.name), options);
      if (current !== null && isSame(current, to)) return false;
      await this.#refuseLeft(held);
      if (current === null && building.replaces === null) {
        if (await replaceCurrent(redis, prefix, { expected: null, next: to })) return true;
        continue;
      }
      if (current === null || building.replaces === null || !isSame(current, building.replaces))
        throw new UserError(`${fold.name}: what is current has changed meanwhile: start again`);
      const token = randomBytes(6).toString('hex');
      // Until it is over no owner folds.
      const switched = await pace.urgently(() =>
        patiently(
          () => switchGenerations({ redis, store, prefix, current, to, inputs, token }),
          options,
        ),
      );
      if (switched === 'switched') return true;
      options.say(`${fold.name}: not switched yet (${switched})`);
      await this.#watch.untilLevel();
    }
    throw new UserError(`${fold.name}: not switched in ${switchTriesMax} tries: try again later`);
  }
}

async function begin({ fold, hands, building }: FoldToBuild): Promise<void> {
  const { generation, replaces } = building;
  const topics = inputsOf(fold).map(({ topic }) => topic);
  const ends = await endsOfInputs(hands.admin, topics);
  const current = replaces === null ? null : await offsetsOf(hands.redis, replaces);
  await beginBuild(hands.store, generation, beginningsOf(generation, { ...ends, current }));
}

async function startOwners(
  { fold, hands, building, options }: FoldToBuild,
  fatal: Error[],
): Promise<Owners> {
  const { config } = options;
  const registry = openRegistry(config.registry);
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
  return runBuild(fold, {
    context: {
      config,
      log: createLogger({ name: 'freshet', level }),
      metrics: createMetrics(),
      onFatal: (error) => void fatal.push(error),
      bootstrap: true,
    },
    hands,
    generation: building.generation,
    follows: building.replaces,
    failureMessage: await openFailureMessage(registry, { prefix: config.prefix, stage: fold.name }),
    turns: pace,
    sliceRecords: () => pace.sliceRecords(),
  });
}
