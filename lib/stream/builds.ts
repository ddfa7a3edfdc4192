import type { RedisPort } from '../redis/redis-port.ts';
import { type CurrentGeneration, isSame, replaceText } from './current.ts';
import { buildIdOf } from './identity.ts';

/** A generation that is folded beside the current one, to take its place. */
export interface Building {
  readonly generation: CurrentGeneration;
  /** What it is to take the place of; null: nothing is current, its state was lost. */
  readonly replaces: CurrentGeneration | null;
  readonly startedAtMs: number;
  /** It was current before. */
  readonly back: boolean;
  /** Until when it was to be kept, where it was current before. */
  readonly untilMs?: number;
  /** The append time that it was asked to begin at: retention may take where that was. */
  readonly askedMs?: number;
}

/** A generation that was current. It goes on from where it stood if it is switched back to. */
export interface Kept {
  readonly generation: CurrentGeneration;
  readonly untilMs: number;
}

/** What there is of a fold beside its current generation. */
export interface Builds {
  readonly building: Building | null;
  /** The newest first. */
  readonly kept: readonly Kept[];
  /** Never current again, and whose keys are being deleted or soon will be: nobody may go on with them. */
  readonly dropping: readonly CurrentGeneration[];
  /** Highest number given to a build, by identity: none is given twice. */
  readonly numbers: Readonly<Record<string, number>>;
}

export const noBuilds: Builds = { building: null, kept: [], dropping: [], numbers: {} };

/** Every generation that has keys beside the current one's. */
export const besideCurrent = ({
  building,
  kept,
  dropping,
}: Builds): readonly CurrentGeneration[] => [
  ...(building === null ? [] : [building.generation]),
  ...kept.map(({ generation }) => generation),
  ...dropping,
];

export const buildsKey = (prefix: string, name: string): string => `${prefix}:builds:${name}`;

type BuildsRedis = Pick<RedisPort, 'getString' | 'eval'>;

export async function readBuilds(
  redis: Pick<RedisPort, 'getString'>,
  prefix: string,
  name: string,
): Promise<Builds> {
  const text = await redis.getString(buildsKey(prefix, name));
  return text === null ? noBuilds : (JSON.parse(text) as Builds);
}

const triesMax = 100;

/** Several commands may be at it: what one has written is what the next one changes. */
export async function changeBuilds(
  redis: BuildsRedis,
  { prefix, name }: { readonly prefix: string; readonly name: string },
  change: (builds: Builds) => Builds,
): Promise<Builds> {
  const key = buildsKey(prefix, name);
  for (let tries = 0; tries < triesMax; tries += 1) {
    const expected = await redis.getString(key);
    const next = change(expected === null ? noBuilds : (JSON.parse(expected) as Builds));
    if (await replaceText(redis, key, { expected, next: JSON.stringify(next) })) return next;
  }
  throw new Error(`${key} is written all the time`);
}

/** How a generation is named that does not exist yet. */
export type GenerationParts = Omit<CurrentGeneration, 'id4' | 'build' | 'closing'>;

export interface BuildPlan {
  readonly parts: GenerationParts;
  readonly replaces: CurrentGeneration | null;
  /** To one that is kept. */
  readonly back: boolean;
  /** Left out: no time was asked for. */
  readonly askedMs?: number;
  readonly nowMs: number;
}

/**
 * Plans a generation of an identity: the one that is being built for it already; one that is kept,
 * where `back`; or a new one whose keys nobody has. Null: there is none to go back to.
 */
export function planBuild(builds: Builds, plan: BuildPlan): Builds | null {
  const { parts, replaces, back, askedMs, nowMs } = plan;
  const { building } = builds;
  if (building !== null && building.back === back && isPlanned(building, plan)) {
    // Begun before; what it takes the place of may have been switched in the meantime.
    return { ...builds, building: { ...building, replaces } };
  }
  const { kept, dropping } = leave(builds, nowMs);
  const next = (
    generation: CurrentGeneration,
    more: Pick<Building, 'back' | 'untilMs' | 'askedMs'>,
  ): Builds => ({
    building: { generation, replaces, startedAtMs: nowMs, ...more },
    kept: kept.filter((one) => !isSame(one.generation, generation)),
    dropping,
    numbers: {
      ...builds.numbers,
      [generation.hash]: Math.max(generation.build ?? 0, builds.numbers[generation.hash] ?? 0),
    },
  });
  if (back) {
    const found = builds.kept.find(({ generation }) => generation.hash === parts.hash);
    return found === undefined
      ? null
      : next(found.generation, { back: true, untilMs: found.untilMs });
  }
  const others = [replaces, ...kept.map(({ generation }) => generation), ...dropping];
  const build = nextBuild(
    builds,
    parts,
    others.filter((other) => other !== null),
  );
  const id4 = buildIdOf(parts.hash, build);
  const generation = { ...parts, id4, ...(build === 0 ? {} : { build }) };
  return next(generation, { back: false, ...(askedMs === undefined ? {} : { askedMs }) });
}

/** What begins elsewhere in the log is another state, under the same settings too. */
const isPlanned = ({ generation, askedMs }: Building, plan: BuildPlan): boolean =>
  generation.hash === plan.parts.hash &&
  (plan.back ||
    generation.from?.join() === plan.parts.from?.join() ||
    (askedMs !== undefined && askedMs === plan.askedMs));

/**
 * What was begun and is not gone on with. One that was current before can still be gone back to;
 * one that never was must not be taken for such.
 */
function leave(builds: Builds, nowMs: number): Pick<Builds, 'kept' | 'dropping'> {
  const { building, kept, dropping } = builds;
  if (building === null) return { kept, dropping };
  const { generation, back, untilMs = nowMs } = building;
  return back
    ? { kept: [{ generation, untilMs }, ...kept], dropping }
    : { kept, dropping: [...dropping, generation] };
}

/**
 * Its keys are nobody else's: four letters are not much, but there are few generations. The first
 * number is a service's own, which folds a log from its beginning.
 */
function nextBuild(
  builds: Builds,
  { hash, from }: GenerationParts,
  others: readonly CurrentGeneration[],
): number {
  const highest = Math.max(
    builds.numbers[hash] ?? -1,
    from === undefined ? -1 : 0,
    ...others.map((other) => (other.hash === hash ? (other.build ?? 0) : -1)),
  );
  for (let build = highest + 1; ; build += 1) {
    const id4 = buildIdOf(hash, build);
    if (!others.some((other) => other.id4 === id4)) return build;
  }
}

/** After a switch: what was current is kept until `untilMs`. */
export function finishBuild(
  builds: Builds,
  { current, untilMs }: { readonly current: CurrentGeneration; readonly untilMs: number },
): Builds {
  const { building } = builds;
  if (building === null || !isSame(building.generation, current)) return builds;
  const { replaces } = building;
  const kept = replaces === null ? [] : [{ generation: withoutClosing(replaces), untilMs }];
  return { ...builds, building: null, kept: [...kept, ...builds.kept] };
}

export const withoutClosing = (generation: CurrentGeneration): CurrentGeneration => {
  const { closing: _, ...open } = generation;
  return open;
};

/** Takes out what is to be dropped, before any of its keys is: what is left has them all. */
export const beginDrop = (builds: Builds, isToGo: (kept: Kept) => boolean): Builds => {
  const { building, kept } = builds;
  const unfinished =
    building === null ? null : { generation: building.generation, untilMs: Infinity };
  const isBuildingGone = unfinished !== null && isToGo(unfinished);
  const gone = [...(isBuildingGone ? [unfinished] : []), ...kept.filter(isToGo)];
  return {
    ...builds,
    building: isBuildingGone ? null : building,
    kept: kept.filter((one) => !isToGo(one)),
    dropping: [...builds.dropping, ...gone.map(({ generation }) => generation)],
  };
};

/** A build that was given up while it was still folded: its last keys are yet to be deleted. */
export const alsoDrop = (builds: Builds, left: CurrentGeneration): Builds =>
  besideCurrent(builds).some((one) => isSame(one, left))
    ? builds
    : { ...builds, dropping: [...builds.dropping, left] };

export const endDrop = (builds: Builds, dropped: CurrentGeneration): Builds => ({
  ...builds,
  dropping: builds.dropping.filter((one) => !isSame(one, dropped)),
});
