import type { Command } from 'commander';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import { acceptedOrThrow, detailsOf, sendCommands } from '../control/client.ts';
import { type SendFlags, senderOf, withSendOptions } from '../control/send.ts';
import { withControl } from '../control/with-control.ts';

/** One definition that was, or would be, published. */
interface AppliedDefinition {
  readonly topic: string;
  readonly name: string;
  readonly version: string;
  readonly revision: number;
}

/** What `apply` did, as `--json` prints it. */
export interface Applied {
  readonly applied: readonly AppliedDefinition[];
  readonly unchanged: readonly string[];
}

export interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly sentBy?: string;
}

/** Has control publish the definitions of a folder: all of them, or none. */
export const applyDefinitions = async (
  folder: string,
  config: CommonConfig,
  { dryRun = false, sentBy = 'freshet' }: ApplyOptions = {},
): Promise<Applied> => {
  const definitions = readFolder(folder);
  const command = { kind: 'apply', body: { definitions, dryRun } } as const;
  const [result] = await sendCommands(config, [command], { sentBy });
  if (result === undefined) throw new Error('a command without a result');
  return appliedBy(acceptedOrThrow(result), dryRun);
};

/** The same where no service runs yet. */
export const applyAlone = (
  folder: string,
  config: CommonConfig,
  options: ApplyOptions = {},
): Promise<Applied> => withControl(config, () => applyDefinitions(folder, config, options));

const appliedBy = (result: CommandResult, dryRun: boolean): Applied => {
  const details = detailsOf(result) as {
    readonly would?: readonly AppliedDefinition[];
    readonly unchanged?: readonly string[];
  };
  const published = result.changes.map(({ topic, key, version, revision }) => ({
    topic,
    name: key.split('@')[0] ?? key,
    version,
    revision,
  }));
  return {
    applied: dryRun ? (details.would ?? []) : published,
    unchanged: details.unchanged ?? [],
  };
};

const readFolder = (folder: string): { readonly name: string; readonly text: string }[] => {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw new UserError(`cannot read the folder ${folder}: ${messageOf(error)}`);
  }
  if (names.length === 0) throw new UserError(`there is no .json file in ${folder}`);
  return names.toSorted().map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
};

const print = ({ applied, unchanged }: Applied, dryRun: boolean): void => {
  for (const { version, revision } of applied)
    console.log(`${dryRun ? 'would apply' : 'applied  '} ${version} (revision ${revision})`);
  for (const version of unchanged) console.log(`unchanged ${version}`);
};

interface ApplyFlags extends SendFlags {
  readonly dryRun?: boolean;
  readonly here?: boolean;
}

export const registerApplyCommand = (program: Command): void => {
  withSendOptions(program.command('apply'))
    .description(
      'have control publish the models, contexts and experiments of a folder; what has not changed is left alone',
    )
    .argument('[folder]', 'folder with one .json file per definition', 'definitions')
    .option('--dry-run', 'say what would be published, and publish nothing')
    .option('--here', 'run control inside this command, where no service runs yet')
    .action(async (folder: string, flags: ApplyFlags) => {
      const dryRun = flags.dryRun === true;
      const apply = flags.here === true ? applyAlone : applyDefinitions;
      const done = await apply(folder, commonConfig(), { dryRun, sentBy: senderOf(flags) });
      if (flags.json === true) console.log(JSON.stringify(done));
      else print(done, dryRun);
    });
};
