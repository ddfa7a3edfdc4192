import { now } from '../../lib/clock.ts';
import { changeBuilds, finishBuild, readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, isSame, readCurrent } from '../../lib/stream/current.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { buildGroupOf } from '../../lib/stream/run-build.ts';
import { deleteGroup } from '../data/generation-keys.ts';
import type { RebuildOptions } from './rebuild.ts';

/** How long what was current before is kept, unless somebody says otherwise. */
export const keepMsUsual = 24 * 3_600_000;

/** Writes down that a switch is done. Returns until when the generation before it is kept. */
export async function finish({
  hands,
  current,
  options,
}: {
  readonly hands: Pick<Hands, 'redis'>;
  readonly current: CurrentGeneration;
  readonly options: Pick<RebuildOptions, 'config' | 'keepMs'>;
}): Promise<number> {
  const { config, keepMs } = options;
  const untilMs = now() + keepMs;
  await changeBuilds(hands.redis, { prefix: config.prefix, name: current.name }, (builds) =>
    finishBuild(builds, { current, untilMs }),
  );
  // An empty group is forgotten by the brokers some day: that it stays is no failure, and nothing
  // that anybody asked for.
  await deleteGroup(config, buildGroupOf(config.prefix, current)).catch(() => undefined);
  return untilMs;
}

/** Ends what a command before had switched and did not live to write down. Null: there is no such. */
export async function settle({
  hands: { redis },
  name,
  options,
}: {
  readonly hands: Pick<Hands, 'redis'>;
  readonly name: string;
  readonly options: Pick<RebuildOptions, 'config' | 'keepMs'>;
}): Promise<CurrentGeneration | null> {
  const { prefix } = options.config;
  const current = await readCurrent(redis, prefix, name);
  const { building } = await readBuilds(redis, prefix, name);
  if (current === null || building === null || !isSame(current, building.generation)) return null;
  await finish({ hands: { redis }, current, options });
  return current;
}
