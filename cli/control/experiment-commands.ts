import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { experimentVersion } from '../../experiments/definition.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { startExperiment } from '../../services/control/judge-experiments.ts';
import { experimentOf } from '../../services/control/state.ts';
import type { Assessed } from '../experiments/assessed.ts';
import { readExperiment } from '../experiments/read.ts';
import { whatIsSaid } from '../experiments/words.ts';
import { measuredExpectations, measuredFrom } from './expectations.ts';
import { whyNotPromoted } from './promotion.ts';
import { readPublished } from './published.ts';
import { type SendFlags, sendAndPrint, withSendOptions } from './send.ts';
import { coldVersions } from './warmth.ts';

interface StopFlags extends SendFlags {
  readonly variant?: string;
  readonly why: string;
}

interface DecideFlags extends SendFlags {
  /** False: --no-winner. */
  readonly winner?: string | false;
  readonly why: string;
  readonly promote?: boolean;
  readonly force?: boolean;
  readonly metrics?: string;
}

/** What changes an experiment; `experiment` is the command that they are parts of. */
export function addExperimentCommands(experiment: Command): void {
  withSendOptions(experiment.command('create'))
    .argument('<file>', 'JSON of the experiment')
    .description('draft an experiment, or replace its draft')
    .action((file: string, flags: SendFlags) =>
      sendAndPrint({ kind: 'experiment.create', body: { definition: textOf(file) } }, flags),
    );
  withSendOptions(experiment.command('start'))
    .argument('<id>')
    .description('start a draft, once the models of its variants are warm')
    .option('--force', 'even where they are not')
    .option('--wait', 'until they are, half an hour at most')
    .action(start);
  withSendOptions(experiment.command('stop'))
    .argument('<id>')
    .description('stop an experiment, or one of its variants')
    .requiredOption('--why <text>', 'kept in its record')
    .option('--variant <name>', 'only this one: its users see what the context itself serves')
    .action((id: string, { variant, why, ...flags }: StopFlags) => {
      const one = variant === undefined ? {} : { variant };
      return sendAndPrint(
        { kind: 'experiment.stop', body: { experiment: id, ...one, why } },
        flags,
      );
    });
  withSendOptions(experiment.command('decide'))
    .argument('<id>')
    .description('record how a stopped experiment ended')
    .option('--winner <variant>', 'the one that was better')
    .option('--no-winner', 'nobody won')
    .requiredOption('--why <text>', 'by how much, with what certainty: kept in its record')
    .option('--promote', 'let the context serve its model from now on')
    .option(
      '--force',
      'although the figures do not show it, an expectation is broken, or none can be looked at',
    )
    .option('--metrics <url>', 'address of the metrics service, where there is no Prometheus')
    .action(async (id: string, flags: DecideFlags) => {
      // Both set one flag, and the later one would win without a word.
      if (['--winner', '--no-winner'].every(isGiven))
        throw new UserError('say one of --winner NAME and --no-winner');
      await decide(id, flags);
    });
  withSendOptions(experiment.command('delete'))
    .argument('<id>')
    .description('delete a draft')
    .action((id: string, flags: SendFlags) =>
      sendAndPrint({ kind: 'experiment.delete', body: { experiment: id } }, flags),
    );
}

const isGiven = (name: string): boolean =>
  process.argv.some((one) => one === name || one.startsWith(`${name}=`));

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
};

interface StartFlags extends SendFlags {
  readonly force?: boolean;
  readonly wait?: boolean;
}

async function start(id: string, flags: StartFlags): Promise<void> {
  if (flags.force !== true) await refuseCold(id, flags.wait === true ? waitMsMax : 0);
  await sendAndPrint({ kind: 'experiment.start', body: { experiment: id } }, flags);
}

const waitMsMax = 1_800_000;
const lookMs = 2_000;

/**
 * A model that has not learned yet would be compared with one that has; one whose lists are not
 * there yet would leave its users' first answers to the ladder's next step.
 */
async function refuseCold(id: string, waitMs: number): Promise<void> {
  let said = '';
  for (const startedMs = monotonicMs(); ; await pause(lookMs)) {
    const cold = await coldModelsOf(id);
    if (cold.length === 0) return;
    const why = cold.join('; ');
    if (monotonicMs() - startedMs >= waitMs)
      throw new UserError(
        `experiment '${id}' was not started, its models are not warm (${why}): start it again in a ` +
          'while, or say --wait; --force starts it as it is, and first answers in it then come ' +
          "from the ladder's next step",
      );
    if (why !== said) console.error(`freshet: '${id}' waits until its models are warm (${why})`);
    said = why;
  }
}

async function coldModelsOf(id: string): Promise<string[]> {
  const config = commonConfig();
  const state = await readPublished(config);
  const record = experimentOf(state, id);
  // What is wrong with it otherwise is for control to say, and no waiting cures it. What it has
  // answered may not be stored yet: only control knows for certain.
  if (record === undefined || record.state !== 'draft') return [];
  if (!startExperiment({ state, atMs: now() }, { experiment: id }).accepted) return [];
  const models = new Set(record.definition.variants.map(({ model }) => model));
  const versions = [...models].flatMap((model) => state.models.live.get(model) ?? []);
  return coldVersions(config, versions, experimentVersion(record).version);
}

async function decide(id: string, flags: DecideFlags): Promise<void> {
  const { winner, why, promote = false, force, metrics } = flags;
  if (winner === undefined)
    throw new UserError('say who won with --winner NAME, or --no-winner where nobody did');
  if (typeof winner === 'string' && force !== true)
    await refuseUnfounded(id, { winner, promote, metrics });
  const body = { experiment: id, winner: winner === false ? null : winner, sentence: why, promote };
  await sendAndPrint({ kind: 'experiment.decide', body }, flags);
}

/** What is wrong with the command itself is for control to say, and before what figures say. */
async function refuseUnfounded(
  id: string,
  { winner, promote, metrics }: { winner: string; promote: boolean; metrics: string | undefined },
): Promise<void> {
  const shown = await readShown(id);
  if (shown === null || shown.record.state !== 'stopped') return;
  if (!shown.variants.some(({ variant }) => variant === winner)) return;
  if (promote) {
    const { context } = shown.record.definition;
    const measured = await measuredExpectations(measuredFrom(metrics), context);
    const broken = whyNotPromoted(shown, { winner, measured });
    if (broken !== null) throw new UserError(broken);
  }
  // Who decides may know more than the figures, and what is decided stays so.
  if (shown.verdict.winner !== winner)
    throw new UserError(
      `'${id}' was not decided: its figures do not show that '${winner}' won: ` +
        `${whatIsSaid(shown).replace(/\.$/, '')}: a decision is final, so say --no-winner, or ` +
        '--force where you know more than they do',
    );
}

/** Null: there is no such experiment, which is for control to say. */
async function readShown(id: string): Promise<Assessed | null> {
  const config = commonConfig();
  const record = experimentOf(await readPublished(config), id);
  return record === undefined ? null : readExperiment(config, id);
}
