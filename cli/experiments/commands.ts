import { type Command, InvalidArgumentError } from 'commander';
import { writeFileSync } from 'node:fs';

import { now } from '../../lib/clock.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { noSuchType } from '../../models/type-weights.ts';
import { print } from '../output.ts';

interface JsonFlag {
  readonly json?: boolean;
}

interface PlanFlags extends JsonFlag {
  readonly days: number;
}

interface PreviewFlags extends JsonFlag {
  readonly context: string;
  readonly days: number;
  readonly withinHours: number;
  readonly kinds: readonly string[];
}

/**
 * What looks at experiments; `experiment` is the command that they are parts of. Everything is
 * loaded when it is needed: the distributions alone take longer than a command without them.
 */
export function addExperimentReadings(experiment: Command): void {
  const json = ['--json', 'print one JSON line'] as const;
  experiment
    .command('list')
    .description('every experiment, and what is found so far')
    .option(...json)
    .action(list);
  experiment
    .command('show')
    .argument('<id>')
    .description('what is known of an experiment, and what is missing for a decision')
    .option(...json)
    .action(show);
  experiment
    .command('report')
    .argument('<id>')
    .description('the same with its course over time, as one page of HTML')
    .option('--out <file>', 'default: experiment-ID.html')
    .option(...json)
    .action(report);
  experiment
    .command('plan')
    .argument('<file>')
    .description('before the start: how many users and days an experiment will take')
    .option('--days <number>', 'of exposures to reckon by, up to the newest', days, 14)
    .option(...json)
    .action(plan);
  experiment
    .command('preview')
    .argument('<model>', 'a version that is published, a file, or a name of definitions/')
    .description('estimate how a model would have done in a context, from what exploration showed')
    .requiredOption('--context <name>', 'where')
    .option('--days <number>', 'of exposures, up to the newest', days, 14)
    .option('--within-hours <number>', 'an interaction is credited for so long', days, 24)
    .option(
      '--kinds <types>',
      'of interaction that are credited, with commas; default: all',
      typesOf,
      [],
    )
    .option(...json)
    .addHelpText('after', previewHelp)
    .action(preview);
}

const previewHelp = `
What was shown with a known chance says what another model's choice would have brought. It takes an
item to bring at its place whatever else is in the list, and looks at first pages only: it picks
what deserves an experiment, and decides nothing. The model and those of the context learn all
interactions of the log for it, as in \`freshet evaluate\`: that takes minutes for some 100,000.`;

async function list({ json }: JsonFlag): Promise<void> {
  const [{ readExperiments }, { listText }, { experimentJson }] = await Promise.all([
    import('./read.ts'),
    import('./as-text.ts'),
    import('./as-json.ts'),
  ]);
  const all = await readExperiments(commonConfig());
  print({ json: json === true }, { experiments: all.map(experimentJson) }, listText(all));
}

async function show(id: string, { json }: JsonFlag): Promise<void> {
  const [{ readExperiment }, { showText }, { experimentJson }] = await Promise.all([
    import('./read.ts'),
    import('./as-text.ts'),
    import('./as-json.ts'),
  ]);
  const assessed = await readExperiment(commonConfig(), id);
  print({ json: json === true }, experimentJson(assessed), showText(assessed));
}

async function report(id: string, flags: JsonFlag & { readonly out?: string }): Promise<void> {
  const [{ readExperiment }, { experimentHtml }, { headline }] = await Promise.all([
    import('./read.ts'),
    import('./report/page.ts'),
    import('./words.ts'),
  ]);
  const assessed = await readExperiment(commonConfig(), id);
  const file = flags.out ?? `experiment-${id}.html`;
  try {
    writeFileSync(file, experimentHtml(assessed, now()));
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${messageOf(error)}`);
  }
  const sentence = headline(assessed);
  print({ json: flags.json === true }, { file, sentence }, `${sentence}\nwritten: ${file}`);
}

async function plan(file: string, flags: PlanFlags): Promise<void> {
  const { planFile, planText } = await import('./plan.ts');
  const planned = await planFile(commonConfig(), { file, days: flags.days });
  print({ json: flags.json === true }, planned, planText(planned));
}

async function preview(model: string, flags: PreviewFlags): Promise<void> {
  const [{ previewModel }, { previewJson, previewText }] = await Promise.all([
    import('./preview/preview.ts'),
    import('./preview/text.ts'),
  ]);
  const { json, ...choice } = flags;
  const config = commonConfig();
  const unknown = choice.kinds.find((kind) => !config.types.includes(kind));
  if (unknown !== undefined) throw new UserError(`--kinds: ${noSuchType(unknown, config.types)}`);
  const previewed = await previewModel(config, { model, ...choice });
  print({ json: json === true }, previewJson(previewed), previewText(previewed));
  if (!previewed.ok) process.exitCode = 1;
}

function days(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 3_650))
    throw new InvalidArgumentError('must be a number above 0, at most 3650.');
  return value;
}

const typesOf = (text: string): string[] => text.split(',').filter((one) => one !== '');
