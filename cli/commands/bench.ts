import { type Command, InvalidArgumentError, Option } from 'commander';

import type { BenchOptions } from '../../bench/pipeline.ts';
import type { QualityOptions } from '../../bench/quality/quality.ts';
import type { RebuildBenchOptions } from '../../bench/rebuild/rebuild.ts';
import { report } from '../../bench/report.ts';

interface BenchFlags {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  readonly seconds: number;
  readonly rate: number;
  readonly aof: boolean;
  readonly cpuProf?: string;
  readonly stages?: number;
  readonly json?: boolean;
}

/** Only when asked for: every other command starts without it. */
const loaded = async () => import('../../bench/pipeline.ts');

export function registerBenchCommand(program: Command): void {
  const bench = program
    .command('bench')
    .description('measure speed, memory and freshness on a stack of its own');
  withOptions(bench.command('pipeline'), 1_000_000)
    .description('every figure: CPU per event by stage, memory, freshness, times of answers')
    .option('--stages <number>', 'only so many stages (1 to 4), and nothing after them', whole)
    .action(async (flags: BenchFlags) => {
      const { stages } = flags;
      const { benchPipeline } = await loaded();
      print(
        await benchPipeline({ ...optionsOf(flags), ...(stages === undefined ? {} : { stages }) }),
        flags,
      );
    });
  withOptions(bench.command('answers'), 100_000)
    .description('freshness and the times of answers, beside those of a bare echo')
    .action(async (flags: BenchFlags) => {
      const { benchAnswers } = await loaded();
      print(await benchAnswers(optionsOf(flags)), flags);
    });
  bench
    .command('memory')
    .description('what is stored under an endless stream, per user and item, and what blend costs')
    .option('--events <number>', 'synthetic events, over five horizons', whole, 5_000_000)
    .option('--json', 'print one line of JSON, last')
    .action(async ({ events, json }: { readonly events: number; readonly json?: boolean }) => {
      const { benchMemoryLine } = await import('../../bench/memory-line/memory-line.ts');
      const say = (line: string): void => console.error(line);
      print(await benchMemoryLine({ events, say }), json === undefined ? {} : { json });
    });
  registerQuality(bench);
  registerExperiments(bench);
  registerServingDefinitions(bench);
  registerControl(bench);
  registerOverload(bench);
  registerRebuild(bench);
  // Subcommands are made before exitOverride reaches them.
  for (const command of bench.commands) command.exitOverride();
}

interface QualityFlags {
  readonly data: string[];
  readonly excludeSeen: string[];
  readonly model: string;
  readonly moment: 'both' | 'request' | 'ahead';
  readonly sample: number;
  readonly agreement: boolean;
  readonly json?: boolean;
}

function registerQuality(bench: Command): void {
  bench
    .command('quality')
    .description('hit rates of a model beside those of every single reference method')
    .option('--data <folders...>', 'folders with events.csv.gz; default: the bundled one', [])
    .option(
      '--exclude-seen <names...>',
      'data sets (by folder name) whose lists leave out what a user had',
      [],
    )
    .option('--model <file|name>', 'the model that is judged', 'blend')
    .addOption(
      new Option('--moment <moment>', 'when lists are made; both: request, with ahead beside it')
        .choices(['both', 'request', 'ahead'])
        .default('both'),
    )
    .option('--sample <number>', 'tests of data with more than 20,000', whole, 5_000)
    .option('--no-agreement', 'leave out our own models in the place of reference methods')
    .option('--json', 'print one line of JSON, last')
    .action(async ({ moment, ...flags }: QualityFlags) => {
      const { benchQuality } = await import('../../bench/quality/quality.ts');
      const options: QualityOptions = {
        ...flags,
        moments: moment === 'both' ? ['request', 'ahead'] : [moment],
        say: (line) => console.error(line),
      };
      const { qualityTable } = await import('../../bench/quality/quality-table.ts');
      const result = await benchQuality(options);
      console.log(flags.json === true ? JSON.stringify(result) : qualityTable(result));
    });
}

function registerExperiments(bench: Command): void {
  bench
    .command('experiments')
    .description('what the statistics of experiments claim, where the truth is known; no stack')
    .option(
      '--tests <number>',
      'A/A tests per kind of outcome; half as many of all else',
      whole,
      2_000,
    )
    .option('--users <number>', 'users per test, looked at after every 100', whole, 20_000)
    .option('--json', 'print one line of JSON, last')
    .action(async (flags: { readonly tests: number; readonly users: number; json?: boolean }) => {
      const { benchExperiments } = await import('../../bench/experiments/experiments.ts');
      print(benchExperiments({ ...flags, say: (line) => console.error(line) }), flags);
    });
}

function registerControl(bench: Command): void {
  bench
    .command('control')
    .description('whether control keeps its word while its processes are killed, one every second')
    .option('--commands <number>', 'sent and answered', whole, 10_000)
    .option('--clients <number>', 'at the same time', whole, 8)
    .option('--json', 'print one line of JSON, last')
    .action(async (flags: { readonly commands: number; readonly clients: number; json?: true }) => {
      const { benchControl } = await import('../../bench/control/control.ts');
      const { commands, clients } = flags;
      print(await benchControl({ commands, clients, say: (line) => console.error(line) }), flags);
    });
}

function registerOverload(bench: Command): void {
  bench
    .command('overload')
    .description('what floods of requests and of events do to answers, and to memory')
    .option('--seconds <number>', 'of each flood', whole, 15)
    .option('--times <number>', 'as many requests as are answered in a second', whole, 10)
    .option('--json', 'print one line of JSON, last')
    .action(async (flags: { readonly seconds: number; readonly times: number; json?: true }) => {
      const { benchOverload } = await import('../../bench/overload/overload.ts');
      print(await benchOverload({ ...flags, say: (line) => console.error(line) }), flags);
    });
}

function registerRebuild(bench: Command): void {
  bench
    .command('rebuild')
    .description('rebuilding against normal processing, what it does to answers, and takeover')
    .option('--events <number>', 'synthetic events on the log beforehand', whole, 400_000)
    .option('--users <number>', 'users, who come evenly', whole, 50_000)
    .option('--items <number>', "items, by Zipf's law with exponent 1", whole, 20_000)
    .option('--takeover-users <number>', 'users of the partition taken over', whole, 100_000)
    .option('--seconds <number>', 'of answers in a turn, with and without a rebuild', whole, 15)
    .option('--turns <number>', 'with a rebuild beside the answers and without', whole, 9)
    .option('--rate <number>', 'requests per second meanwhile', whole, 200)
    .option('--no-aof', "Redis without its append-only file (users' stacks have it)")
    .option('--json', 'print one line of JSON, last')
    .action(async (flags: Omit<RebuildBenchOptions, 'say'> & { readonly json?: boolean }) => {
      const { benchRebuild } = await import('../../bench/rebuild/rebuild.ts');
      print(await benchRebuild({ ...flags, say: (line) => console.error(line) }), flags);
    });
}

function registerServingDefinitions(bench: Command): void {
  bench
    .command('serving-definitions')
    .description('what assignment and rules add to an answer, and 1,000 versions to serving')
    .option('--starts <number>', 'starts of serving, with few and with many definitions', whole, 5)
    .option('--json', 'print one line of JSON, last')
    .action(async (flags: { readonly starts: number; json?: boolean }) => {
      const { benchServingDefinitions } = await import('../../bench/serving/definitions.ts');
      print(await benchServingDefinitions({ ...flags, say: (line) => console.error(line) }), flags);
    });
}

function withOptions(command: Command, events: number): Command {
  return command
    .option('--events <number>', 'synthetic events on the log beforehand', whole, events)
    .option('--users <number>', 'users, who come evenly', whole, 50_000)
    .option('--items <number>', "items, by Zipf's law with exponent 1", whole, 20_000)
    .option('--seconds <number>', 'of freshness, and of echo and answers each', whole, 30)
    .option('--rate <number>', 'events and requests per second in these', whole, 500)
    .option('--no-aof', "Redis without its append-only file (users' stacks have it)")
    .option('--cpu-prof <folder>', 'write a CPU profile of every service there')
    .option('--json', 'print one line of JSON, last');
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number, 1 up');
  return value;
}

const optionsOf = ({ cpuProf, ...flags }: BenchFlags): BenchOptions => ({
  events: flags.events,
  users: flags.users,
  items: flags.items,
  seconds: flags.seconds,
  rate: flags.rate,
  aof: flags.aof,
  ...(cpuProf === undefined ? {} : { cpuProfDir: cpuProf }),
  say: (line) => console.error(line),
});

const print = (result: object, { json }: { readonly json?: boolean }): void =>
  console.log(json === true ? JSON.stringify(result) : report(result));
