import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { serviceOf } from '../data/progress-of-services.ts';
import { refuseOtherSet } from '../../lib/stream/topic-sets.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { isOfAllSets, prefixFor } from '../../topics/sets.ts';
import { readCatalogue } from '../data/definitions.ts';
import { type AnyFold, makeFolds, type Sources } from '../verify/folds.ts';
import { FoldBuild } from './fold-build.ts';
import { openGroup } from './group.ts';
import { planFold } from './plan.ts';
import type { RebuildReport } from './report.ts';

export interface RebuildOptions {
  readonly config: CommonConfig;
  /** Append time of the first record to fold; `earliest`: what is left of a log, though it was cut. */
  readonly from: number | 'earliest' | null;
  readonly back: boolean;
  readonly switches: boolean;
  /** A larger share of values that differ is not switched to; null: any. */
  readonly differMax: number | null;
  readonly keepMs: number;
  /** Told what is going on. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Folds every fold of a service anew, one after the other. Where that changes whose emissions
 * others read, it and all its readers are built side by side, and switched one after the other.
 */
export async function rebuildService(
  service: string,
  given: RebuildOptions,
): Promise<RebuildReport[]> {
  if (service === 'candidates') {
    throw new UserError(
      'candidates keeps no fold but lists, which are made when they are asked for: where they ' +
        'were lost, start it once with `npx freshet run candidates --bootstrap`, after the others',
    );
  }
  const prefix = prefixFor(given.config.prefix, serviceOf(service));
  const options = { ...given, config: { ...given.config, prefix } };
  const { config } = options;
  const redis = await openRedis(config.redis);
  try {
    if (!isOfAllSets(serviceOf(service))) await refuseOtherSet(redis, prefix, service);
    const catalogue = await readCatalogue(config);
    const sources = { config, redis, registry: openRegistry(config.registry), catalogue };
    const folds = await foldsOf(service, sources);
    const reports: RebuildReport[] = [];
    for (const fold of folds) {
      reports.push(...(await rebuildTogether(await openGroup(fold, sources), options)));
    }
    return reports;
  } finally {
    await redis.close();
  }
}

async function foldsOf(service: string, sources: Sources): Promise<AnyFold[]> {
  const folds = (await makeFolds(sources, null)).filter(
    ({ name }) => name === service || serviceOf(name) === service,
  );
  if (folds.length === 0)
    throw new UserError(`${service} folds nothing here: no model that is in use learns so`);
  for (const { lineage } of folds.flatMap(inputsOf)) {
    if (lineage !== '') continue;
    throw new UserError(
      `${service} reads what another service emits that has no current generation: rebuild that ` +
        'first (`npx freshet rebuild ingest`, then signals, then the others)',
    );
  }
  return folds;
}

/** Those first whose emissions the others read. */
async function rebuildTogether(
  folds: readonly AnyFold[],
  options: RebuildOptions,
): Promise<RebuildReport[]> {
  const builds: FoldBuild[] = [];
  try {
    for (const fold of folds) builds.push(await FoldBuild.start(await planFold(fold, options)));
    for (const build of builds) await build.untilLevel();
    for (const build of builds) await build.compare();
    if (options.switches) {
      for (const build of builds) build.refuseDifference();
      for (const [at, build] of builds.entries()) {
        if (at > 0) await build.untilPresent();
        await build.switch();
      }
    }
  } finally {
    await Promise.all(builds.map((build) => build.stop()));
  }
  return builds.map(({ report }) => report);
}
