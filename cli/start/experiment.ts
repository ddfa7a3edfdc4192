import { join } from 'node:path';

import type { CommonConfig } from '../../lib/config/common.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { carriersMin, restsOn, usersMin } from '../../experiments/statistics/comparison.ts';
import { experimentOf } from '../../services/control/state.ts';
import { applyDefinitions } from '../commands/apply.ts';
import { acceptedOrThrow, sendCommands } from '../control/client.ts';
import { readPublished } from '../control/published.ts';
import type { Assessed } from '../experiments/assessed.ts';
import { readExperiment } from '../experiments/read.ts';

/** Two blends: the last twenty things a user did, or the last eight, asked for their neighbours. */
export const demoExperiment = 'eight-or-twenty';
const folder = join(projectDir, 'definitions/experiments');

/**
 * A replay is over in a minute, in which users count within seconds (the experiment's
 * `withinHours`): five minutes more, as services wait by default, would let nobody be counted. Said
 * in the state file, since it is part of what is counted: all commands must know it.
 */
export const demoSettings = { FRESHET_EXPERIMENTS_LATENESS_MS: '2000' } as const;

/** Has control draft and start it, unless it was before: with --keep it goes on. */
export async function runExperiment(
  config: CommonConfig,
  say: (line: string) => void,
): Promise<void> {
  const known = experimentOf(await readPublished(config), demoExperiment);
  if (known === undefined) await applyDefinitions(folder, config);
  if ((known?.state ?? 'draft') !== 'draft') return;
  const start = { kind: 'experiment.start', body: { experiment: demoExperiment } } as const;
  const [started] = await sendCommands(config, [start]);
  if (started === undefined) throw new Error('a command without a result');
  say(`Control says: ${acceptedOrThrow(started).sentence}`);
}

export interface ExperimentResult {
  /** Users who were served an answer of the experiment. */
  readonly experiment_users: number;
  /** Those of them whose time for outcomes is over: what the interval is of. */
  readonly experiment_entered: number;
  /** Of users falling to the variants as they did, if by their weights; valid at any look. */
  readonly srm_p: number;
  /** Mean outcome of the second variant less that of the first; null: see below. */
  readonly experiment_difference: number | null;
  readonly experiment_low: number | null;
  readonly experiment_high: number | null;
  /** Why these three are null; null: they are not. */
  readonly experiment_interval_missing: string | null;
}

export const readExperimentResult = async (config: CommonConfig): Promise<ExperimentResult> =>
  experimentResult(await readExperiment(config, demoExperiment));

export const experimentResult = ({ variants, verdict }: Assessed): ExperimentResult => {
  const interval = verdict.comparisons[0]?.absolute ?? null;
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  return {
    experiment_users: sum(variants.map(({ exposed }) => exposed)),
    experiment_entered: sum(variants.map(({ outcome }) => outcome.n)),
    srm_p: rounded(verdict.srmP),
    experiment_difference: interval === null ? null : rounded(interval.estimate),
    experiment_low: interval === null ? null : rounded(interval.low),
    experiment_high: interval === null ? null : rounded(interval.high),
    experiment_interval_missing: interval === null ? missingIn(variants) : null,
  };
};

/** What an interval needs of each variant: see experiments/statistics/comparison.ts. */
function missingIn(variants: Assessed['variants']): string {
  const [least] = variants.toSorted((a, b) => a.outcome.n - b.outcome.n);
  if (least === undefined) return 'nothing was counted';
  if (least.outcome.n < usersMin)
    return `too few users whose time is over: ${least.outcome.n} of variant '${least.variant}', ${usersMin} needed of each`;
  const [poorest = least] = variants.toSorted((a, b) => restsOn(a.outcome) - restsOn(b.outcome));
  const bought = Math.floor(restsOn(poorest.outcome));
  return bought < carriersMin
    ? `too few bought what they were shown: ${bought} of variant '${poorest.variant}', ${carriersMin} needed of each`
    : 'all users did the same';
}

const rounded = (value: number): number => Number(value.toFixed(4));

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;

/** One line, for people. */
export function experimentText(result: ExperimentResult): string {
  const { experiment_users: users, experiment_entered: entered, srm_p: srmP } = result;
  const { experiment_difference: by, experiment_low: low, experiment_high: high } = result;
  const interval =
    by === null || low === null || high === null
      ? `no interval: ${result.experiment_interval_missing ?? 'nothing was counted'}`
      : `share of them who bought what they were shown: ${signed(by)} with eight items asked instead of twenty, between ${signed(low)} and ${signed(high)}`;
  const [seen, counted] = [users, entered].map((count) => count.toLocaleString('en-GB'));
  return `experiment ${demoExperiment}: ${seen} users (sample ratio p ${srmP}), ${counted} counted; ${interval}`;
}
