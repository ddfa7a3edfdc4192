import { now } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import {
  type Building,
  type BuildPlan,
  type Builds,
  changeBuilds,
  planBuild,
  readBuilds,
} from '../../lib/stream/builds.ts';
import { type CurrentGeneration, isSame, readCurrent } from '../../lib/stream/current.ts';
import { closeHands, generationFor, type Hands, openHands } from '../../lib/stream/hands.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { buildGroupOf } from '../../lib/stream/run-build.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { commands } from '../../topics/commands.ts';
import { exposures } from '../../topics/exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import type { AnyFold } from '../verify/folds.ts';
import { refuseBehindLog } from './behind-log.ts';
import { settle } from './finish.ts';
import { refuseLostPart } from './lost-part.ts';
import { deleteGroup, GroupInUse } from '../data/generation-keys.ts';
import { endsOfInputs } from '../data/offsets.ts';
import type { RebuildOptions } from './rebuild.ts';
import { nameOf } from './report.ts';

/** What is to be built, with everything that it takes. */
export interface FoldToBuild {
  readonly fold: AnyFold;
  readonly hands: Hands;
  readonly building: Building;
  readonly options: RebuildOptions;
}

/** Their topics may have been made by anybody, with any number of partitions. */
const outerInputs = [userEvents, commands, exposures, externalCandidates];

export async function openFold(fold: AnyFold, options: RebuildOptions): Promise<Hands> {
  const { config } = options;
  const topics = inputsOf(fold).map(({ topic }) => topic);
  const isOuter = outerInputs.some((topic) => topicName(config.prefix, topic) === topics[0]);
  const partitions = isOuter ? null : config.partitions;
  return openHands(config, { service: fold.name, topics, partitions });
}

/** Plans a build, or finds the one that was begun. The hands are the caller's to close. */
export async function planFold(fold: AnyFold, options: RebuildOptions): Promise<FoldToBuild> {
  const hands = await openFold(fold, options);
  try {
    const settled = await settle({ hands, name: fold.name, options });
    if (settled !== null)
      options.say(`${fold.name}: had been switched already, to build ${nameOf(settled).build}`);
    const topics = inputsOf(fold).map(({ topic }) => topic);
    const at = { prefix: options.config.prefix, name: fold.name, topics };
    await refuseLostPart(hands, at);
    await refuseBehindLog(hands, at);
    if (!options.back) await refuseCutLog(fold, hands, options);
    const { building } = await plan(fold, hands, options);
    if (building === null) throw new Error(`${fold.name}: nothing is being built`);
    return { fold, hands, building, options };
  } catch (error) {
    await closeHands(hands);
    throw error;
  }
}

async function plan(fold: AnyFold, hands: Hands, options: RebuildOptions): Promise<Builds> {
  const { config, back } = options;
  const { prefix } = config;
  const { name } = fold;
  const identity = foldIdentity(fold, hands.partitions);
  const replaces = await readCurrent(hands.redis, prefix, name);
  if (replaces !== null && replaces.partitions !== hands.partitions) {
    throw new UserError(
      `${name}: its state has ${replaces.partitions} partitions and its topic ` +
        `${hands.partitions}: that is what \`npx freshet rebuild --partitions\` changes`,
    );
  }
  const { id4: _, ...first } = generationFor({ fold, identity }, hands.partitions);
  const from = await beginnings(fold, hands, options);
  const parts = from === null ? first : { ...first, from };
  const asked = typeof options.from === 'number' ? { askedMs: options.from } : {};
  const wanted: BuildPlan = { parts, replaces, back, ...asked, nowMs: now() };
  const left = leftBy(wanted, await readBuilds(hands.redis, prefix, name));
  if (left !== null) await refuseRunning(left, options);
  let refusal: string | null = null;
  const builds = await changeBuilds(hands.redis, { prefix, name }, (held) => {
    const planned = planBuild(held, wanted);
    refusal = planned === null ? nothingKept(name, identity.lineage, held) : null;
    return planned ?? held;
  });
  if (refusal !== null) throw new UserError(refusal);
  if (left !== null)
    options.say(
      `${name}: what was begun otherwise (${nameOf(left).build}) is left; --drop deletes it`,
    );
  return builds;
}

/** The build that was begun and is not gone on with by this plan. */
function leftBy(plan: BuildPlan, held: Builds): CurrentGeneration | null {
  const begun = held.building?.generation;
  const next = planBuild(held, plan)?.building?.generation;
  return begun === undefined || next === undefined || isSame(begun, next) ? null : begun;
}

/** It would switch to what is about to be deleted. */
async function refuseRunning(left: CurrentGeneration, { config }: RebuildOptions): Promise<void> {
  try {
    await deleteGroup(config, buildGroupOf(config.prefix, left));
  } catch (error) {
    if (!(error instanceof GroupInUse)) throw error;
    throw new UserError(
      `${left.name}: another command builds it just now, from another time or with other settings: ` +
        'let that end, or end it, and begin again in 10 s',
    );
  }
}

function nothingKept(name: string, lineage: string, { kept }: Builds): string {
  const others = kept.map(({ generation }) => generation.lineage);
  return others.length === 0
    ? `${name}: no generation is kept that could be gone back to`
    : `${name}: what is kept was folded under another identity (${others.join(', ')}, the settings ` +
        `here make ${lineage}): give this command the settings that it was made with`;
}

/** Offsets to begin at; null: where the log begins. */
async function beginnings(
  fold: AnyFold,
  hands: Hands,
  { from }: RebuildOptions,
): Promise<readonly number[] | null> {
  if (from === null || from === 'earliest') return null;
  if (fold.emission !== null || fold.ahead !== undefined) {
    throw new UserError(
      `${fold.name} emits or joins: what it makes of a record depends on all before it, so it is ` +
        'folded from the beginning of its log',
    );
  }
  return hands.admin.offsetsAt(fold.input.topic, from);
}

async function refuseCutLog(fold: AnyFold, hands: Hands, options: RebuildOptions): Promise<void> {
  if (options.from !== null) return;
  const inputs = inputsOf(fold).map(({ topic }) => topic);
  const { lows } = await endsOfInputs(hands.admin, inputs);
  for (const [partition, own] of lows.entries()) {
    for (const [input, low] of own.entries()) {
      if (low === 0) continue;
      throw new UserError(
        `${inputs[input]}/${partition} begins at ${low}: what lay before is gone, and would be ` +
          'missing from the state. To fold what is left, say so: `--from earliest`',
      );
    }
  }
}
