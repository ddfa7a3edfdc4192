import { type Command, InvalidArgumentError, Option } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { buildsKey } from '../../lib/stream/builds.ts';
import { readTopicSets } from '../../lib/stream/topic-sets.ts';
import { armFailpoint } from '../../lib/stream/failpoints.ts';
import { namesUnder, serviceOf, statefulServices } from '../data/progress-of-services.ts';
import { hostConfig } from '../host/config.ts';
import { print } from '../output.ts';
import { type Dropped, dropGenerations } from '../rebuild/drop.ts';
import { keepMsUsual } from '../rebuild/finish.ts';
import { dropSets } from '../rebuild/drop-sets.ts';
import { rebuildPartitions } from '../rebuild/partitions.ts';
import { type RebuildOptions, rebuildService } from '../rebuild/rebuild.ts';
import { reportText } from '../rebuild/report.ts';
import { partitionsReportText, setsText } from '../rebuild/set-report.ts';
import { statusOf, statusText } from '../rebuild/status.ts';

/** Lists are made when they are asked for, and not folded. */
const folded = statefulServices.filter((service) => service !== 'candidates');

interface RebuildFlags {
  readonly from?: number | 'earliest';
  readonly back?: boolean;
  readonly drop?: boolean;
  readonly status?: boolean;
  readonly switch: boolean;
  readonly differMax?: number;
  readonly keep: number;
  readonly partitions?: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerRebuildCommand(program: Command): void {
  program
    .command('rebuild')
    .argument('[service...]', `one or more of: ${folded.join(', ')}; in this order`)
    .description('fold a service anew from the log beside the live one, compare, and switch to it')
    .option(
      '--from <time>',
      'fold from this time on (2026-11-24T04:00:00Z); or earliest, where a log was cut',
      fromOf,
    )
    .option('--partitions <count>', 'fold everything into so many partitions instead', countOf)
    .option('--no-switch', 'only build and compare; the same without it goes on and switches')
    .option('--differ-max <share>', 'do not switch if more values differ: 0.05 is 5 %', shareOf)
    .addOption(
      new Option('--keep <time>', 'how long the one before is kept: 24h, 90m, 7d')
        .argParser(timeOf)
        .default(keepMsUsual, '24h'),
    )
    .option('--back', 'switch back to the one before, once it has caught up')
    .option('--drop', 'delete what is not current: kept, or built and not switched to')
    .option('--status', 'say what there is, of these services or of all')
    .option('--yes', 'with --drop: also what is to be kept longer')
    .option('--json', 'print one JSON line')
    .addHelpText('after', help)
    .action(rebuild);
}

const help = `
Services go on meanwhile, and need no restart: they fold on where the new generation stands. It takes
as much of Redis again as the service has now. Broken off, the same command goes on where it was.
Where state was lost, stop the service, rebuild in the order above, then start it.
With --partitions a second set of internal topics is made and filled by all services; start those with
the FRESHET_PARTITIONS that it says. With --back as well it goes
back to the set with that count, which is kept.`;

async function rebuild(services: readonly string[], flags: RebuildFlags): Promise<void> {
  refuseUnknown(services);
  armFailpoint(hostConfig().failpoint);
  if (flags.status === true) return status(services, flags);
  if (flags.drop === true) return drop(services, flags);
  if (flags.partitions !== undefined) return partitions(services, flags, flags.partitions);
  if (services.length === 0) throw new UserError(`name a service; there are: ${folded.join(', ')}`);
  const json = flags.json === true;
  const options = optionsOf(flags);
  const order = statefulServices.filter((service) => services.includes(service));
  // A fold may be named too: `learning:co-visits-0123`.
  for (const service of [...order, ...services.filter((name) => !order.includes(name))]) {
    const reports = await rebuildService(service, options);
    for (const report of reports) print({ json }, report, reportText(report));
  }
}

function optionsOf(flags: RebuildFlags): RebuildOptions {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  return {
    config: commonConfig(),
    from: flags.from ?? null,
    back: flags.back === true,
    switches: flags.switch,
    differMax: flags.differMax ?? null,
    keepMs: flags.keep,
    say: (line) => console.error(line),
    signal: stopping.signal,
  };
}

async function partitions(
  services: readonly string[],
  flags: RebuildFlags,
  count: number,
): Promise<void> {
  if (services.length > 0)
    throw new UserError('--partitions folds all services from the beginning: name none');
  if (flags.from !== undefined)
    throw new UserError('--partitions folds from the first record that there is: leave out --from');
  const options = optionsOf(flags);
  const report = await rebuildPartitions(count, options);
  print({ json: flags.json === true }, report, partitionsReportText(report));
}

async function status(services: readonly string[], flags: RebuildFlags): Promise<void> {
  const config = commonConfig();
  const redis = await openRedis(config.redis);
  try {
    const rows = [];
    for (const service of services.length === 0 ? [null] : services)
      rows.push(...(await statusOf(service, { config, redis })));
    const sets = await readTopicSets(redis, config.prefix);
    const text = sets === null ? [] : [setsText(sets)];
    const value = { generations: rows, topic_sets: sets };
    print({ json: flags.json === true }, value, [statusText(rows), ...text].join('\n'));
  } finally {
    await redis.close();
  }
}

async function drop(services: readonly string[], flags: RebuildFlags): Promise<void> {
  const config = commonConfig();
  const redis = await openRedis(config.redis);
  const all = flags.yes === true;
  try {
    const dropped: Dropped[] = [];
    for (const name of await namesUnder(redis, config.prefix, buildsKey)) {
      const isMeant =
        services.length === 0 || services.includes(name) || services.includes(serviceOf(name));
      if (isMeant) dropped.push(...(await dropGenerations(name, { config, redis, all })));
    }
    const sets = services.length === 0 ? await dropSets({ config, redis, all }) : [];
    const lines = sets.map(
      ({ set, partitions: count, keys, topics }) =>
        `set ${set} (${count} partitions): ${keys} keys, topics ${topics.join(', ')}`,
    );
    if (dropped.length > 0 || lines.length === 0) lines.unshift(droppedText(dropped, all));
    print({ json: flags.json === true }, { dropped, sets }, lines.join('\n'));
  } finally {
    await redis.close();
  }
}

function droppedText(dropped: readonly Dropped[], all: boolean): string {
  const lines = dropped.map(
    ({ fold, lineage, build, keys }) => `${fold} (${lineage}, build ${build}): ${keys} keys`,
  );
  if (lines.length > 0) return lines.join('\n');
  return all
    ? 'there is nothing but what is current'
    : 'nothing is over its time yet; --yes drops it all the same (see --status)';
}

function refuseUnknown(services: readonly string[]): void {
  const unknown = services.filter((name) => !statefulServices.includes(serviceOf(name)));
  if (unknown.length === 0) return;
  throw new UserError(
    `${unknown.join(', ')}: keeps no state that is folded; there are: ${folded.join(', ')}`,
  );
}

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_024)
    throw new InvalidArgumentError('must be a whole number from 1 to 1024.');
  return count;
}

function timeOf(text: string): number {
  const [, digits, unit] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined)
    throw new InvalidArgumentError('must be a number with s, m, h or d: 24h.');
  return Number(digits) * unitsMs[unit as keyof typeof unitsMs];
}

function fromOf(text: string): number | 'earliest' {
  if (text === 'earliest') return text;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError("must be 'earliest' or a time: 2026-11-24T04:00:00Z.");
  return ms;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('must be a share from 0 to 1.');
  return share;
}
