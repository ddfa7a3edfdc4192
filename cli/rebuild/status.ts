import type { CommonConfig } from '../../lib/config/common.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { buildsKey, readBuilds } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { prefixFor } from '../../topics/sets.ts';
import { currentGenerations, namesUnder, serviceOf } from '../data/progress-of-services.ts';
import { textTable } from '../data/text-table.ts';
import { type Offsets, offsetsOf } from '../data/offsets.ts';
import { nameOf } from './report.ts';

export interface GenerationStatus {
  readonly fold: string;
  readonly lineage: string;
  readonly build: number;
  readonly state: 'current' | 'being built' | 'kept' | 'to be dropped';
  /** Sum of its offsets. */
  readonly offsets: number;
  readonly since: string | null;
  readonly until: string | null;
}

/** All generations of a service, or of all. */
export async function statusOf(
  service: string | null,
  { config, redis }: { readonly config: CommonConfig; readonly redis: RedisPort },
): Promise<GenerationStatus[]> {
  const { prefix } = config;
  const names = new Set([
    ...(await currentGenerations(redis, prefix)).map(({ name }) => name),
    ...(await namesUnder(redis, prefix, buildsKey)),
  ]);
  const rows: GenerationStatus[] = [];
  for (const name of names) {
    if (service !== null && name !== service && serviceOf(name) !== service) continue;
    const own = prefixFor(prefix, name);
    const { building, kept, dropping } = await readBuilds(redis, own, name);
    const current = await readCurrent(redis, own, name);
    const row = async (
      generation: CurrentGeneration,
      state: GenerationStatus['state'],
      times: { readonly since?: number; readonly until?: number } = {},
    ): Promise<void> => {
      const offsets = sumOf(await offsetsOf(redis, generation));
      const [since, until] = [timeOf(times.since), timeOf(times.until)];
      rows.push({ fold: name, ...nameOf(generation), state, offsets, since, until });
    };
    if (current !== null) await row(current, 'current');
    if (building !== null)
      await row(building.generation, 'being built', { since: building.startedAtMs });
    for (const { generation, untilMs } of kept) await row(generation, 'kept', { until: untilMs });
    for (const generation of dropping) await row(generation, 'to be dropped');
  }
  return rows;
}

const timeOf = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();

const sumOf = (offsets: Offsets): number =>
  offsets.reduce((sum, own) => sum + own.reduce((all, offset) => all + offset, 0), 0);

const head = ['fold', 'lineage', 'build', '', 'offsets', 'since', 'until'];

export const statusText = (rows: readonly GenerationStatus[]): string =>
  rows.length === 0
    ? 'no fold was ever started here'
    : textTable(
        head,
        rows.map(({ fold, lineage, build, state, offsets, since, until }) =>
          [fold, lineage, build, state, offsets, since ?? '', until ?? ''].map(String),
        ),
      );
