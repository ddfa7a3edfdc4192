import { now } from '../../lib/clock.ts';
import { changeBuilds, finishBuild } from '../../lib/stream/builds.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { buildGroupOf } from '../../lib/stream/run-build.ts';
import { deleteGroup } from '../data/generation-keys.ts';
import type { RebuildOptions } from './rebuild.ts';

/** Writes down that a switch is done. Returns until when the generation before it is kept. */
export async function finish({
  hands,
  current,
  options,
}: {
  readonly hands: Hands;
  readonly current: CurrentGeneration;
  readonly options: RebuildOptions;
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
