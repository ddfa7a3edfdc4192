import { type Command, InvalidArgumentError, Option } from 'commander';

import { settingsMisspelt } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { Moment } from '../evaluate/engine.ts';
import { type Metric, metricOf } from '../tune/metric.ts';
import type { SearchMethod } from '../tune/search.ts';

export interface TuneFlags {
  readonly model?: string;
  readonly data?: string;
  readonly search: SearchMethod;
  readonly trials: number;
  readonly seed: number;
  readonly space?: string;
  readonly metric: Metric;
  readonly split: number;
  readonly sample: number;
  readonly excludeSeen?: boolean;
  readonly moment: Moment;
  readonly json?: boolean;
}

export function registerTuneCommand(program: Command): void {
  program
    .command('tune')
    .description("search a model's configuration on early events, and judge it on later ones")
    .option('--model <file|name>', 'the definition to begin with')
    .option('--data <folder|file>', 'events.csv.gz (and items.csv.gz), or a file of events')
    .addOption(
      new Option('--search <method>', 'tpe learns from what was tried')
        .choices(['tpe', 'random'])
        .default('tpe'),
    )
    .option('--trials <number>', 'configurations to try, beside the one given', whole, 30)
    .option('--seed <number>', 'of all that is drawn', whole, 42)
    .option('--space <file>', "ranges to search (JSON); default: the kind's, around the definition")
    .option('--metric <name@k>', 'hr, mrr or ndcg', metric, metricOf('mrr@20'))
    .option(
      '--split <share>',
      'search before this share of the time span, judge after it',
      share,
      0.7,
    )
    .option('--sample <number>', 'tests per trial, at most; four times as many judge', whole, 3_000)
    .option('--exclude-seen', 'take what a user had before off the lists')
    .addOption(
      new Option('--moment <moment>', 'when lists are made: see evaluate')
        .choices(['ahead', 'request'])
        .default('ahead'),
    )
    .option('--json', 'print the whole result as one line of JSON')
    .addHelpText('after', help)
    .action(run);
}

const help = `
A space is an object of fields, by path:
  { "retrieval.shrink": { "min": 0, "max": 100, "scale": "log" },
    "retrieval.recentItemsMax": { "min": 1, "max": 50, "step": 1 },
    "learning.halfLifeDays": { "min": 5, "max": 500, "scale": "log", "orNull": true },
    "learning.within": { "values": ["history", "session"] } }
The best definition goes to stdout as a file has it, all else to stderr. Ctrl-C ends the search
with the best so far.`;

async function run(flags: TuneFlags): Promise<void> {
  const { model, data } = flags;
  if (model === undefined) throw new UserError('name a definition with --model');
  if (data === undefined) throw new UserError('name the events with --data');
  for (const line of settingsMisspelt()) console.error(`freshet: ${line}`);
  const { tuneFlags } = await import('../tune/from-flags.ts');
  const { tuneSummary } = await import('../tune/says.ts');
  const stopping = new AbortController();
  // Once: whoever is in a hurry presses it again.
  process.once('SIGINT', () => stopping.abort());
  const result = await tuneFlags({ ...flags, model, data }, stopping.signal);
  console.error(tuneSummary(result));
  console.log(
    flags.json === true ? JSON.stringify(result) : JSON.stringify(result.definition, null, 2),
  );
}

function metric(text: string): Metric {
  const known = metricOf(text);
  if (known === null) throw new InvalidArgumentError('must be hr@k, mrr@k or ndcg@k, k to 200.');
  return known;
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number, 1 up.');
  return Number(text);
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 0.9)) throw new InvalidArgumentError('must be from 0.1 to 0.9.');
  return value;
}
