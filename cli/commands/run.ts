import { type Command, InvalidArgumentError } from 'commander';

import { settingsMisspelt } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { runServices } from '../host/host.ts';
import { serviceNames } from '../host/services.ts';

export function registerRunCommand(program: Command): void {
  program
    .command('run')
    .argument('[service...]', `one or more of: ${serviceNames.join(', ')}`)
    .description('run services in this process until SIGTERM or Ctrl-C')
    .option('--all', 'all of them')
    .option('--port <port>', 'port of /metrics, /healthz and /readyz (0: a free one)', portOf)
    .option('--bootstrap', 'fold from the beginning of the log where Redis has lost the state')
    .option('--json', 'say what happens as JSON lines')
    .action(async (names: string[], options: RunFlags) => {
      refuseBoth(names, options);
      for (const line of settingsMisspelt()) console.error(`freshet: ${line}`);
      await runServices(options.all === true ? serviceNames : names, {
        bootstrap: options.bootstrap === true,
        json: options.json === true,
        ...(options.port === undefined ? {} : { port: options.port }),
      });
    });
}

/** `--all` beside names may mean either: nobody should find out later which. */
function refuseBoth(names: readonly string[], { all }: RunFlags): void {
  if (all !== true || names.length === 0) return;
  throw new UserError(`--all runs every service: leave out ${names.join(', ')}, or --all`);
}

interface RunFlags {
  readonly all?: boolean;
  readonly port?: number;
  readonly bootstrap?: boolean;
  readonly json?: boolean;
}

export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('must be a whole number from 0 to 65535.');
  }
  return port;
}
