import { Command, CommanderError } from 'commander';
import { readdirSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

import { messageOf } from '../lib/errors.ts';
import { sentenceOf, stackOf } from './cure.ts';
import { leave } from './leave.ts';
import { givesWay, takeLowestPriority } from './rebuild/lowest-priority.ts';

/**
 * The `freshet` command. A command is a file of its name in commands/ that exports one `register...`
 * function: adding one needs that file and nothing else.
 */
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

const program = new Command('freshet')
  .description('turns a stream of user events into fresh recommendations, on Kafka and Redis')
  .version(version)
  .showHelpAfterError('(run with --help for usage)')
  .exitOverride();

// Before anything else is read: that alone takes seconds of a processor on a busy machine.
if (givesWay(process.argv.slice(2))) takeLowestPriority();

// Halves the start: hundreds of modules are compiled once per machine, not once per command.
enableCompileCache();

const folder = new URL('commands/', import.meta.url);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .toSorted();
// All commands together import five times as many modules as `run`, and a second of a processor.
const own = files.filter((file) => file === `${process.argv[2]}.ts`);
for (const file of own.length === 0 ? files : own) {
  const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
  for (const [name, register] of Object.entries(module)) {
    if (name.startsWith('register')) (register as (program: Command) => void)(program);
  }
}
// `freshet tail ... | head` has read enough: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
// Subcommands are made before exitOverride reaches them.
for (const command of program.commands) command.exitOverride();

try {
  const [asked, about] = process.argv.slice(2);
  const isKnown = program.commands.some((command) => command.name() === about);
  if (asked === 'help' && about !== undefined && !about.startsWith('-') && !isKnown)
    program.error(`error: there is no command '${about}' to help with`);
  await program.parseAsync(process.argv);
  // Clients may keep timers and sockets for a while; a command that is done is done.
  await leave(Number(process.exitCode ?? 0));
} catch (error) {
  if (error instanceof CommanderError) await leave(error.exitCode);
  const sentence = sentenceOf(error);
  const json = process.argv.includes('--json');
  if (json) console.log(JSON.stringify({ error: sentence ?? messageOf(error) }));
  if (sentence === null) console.error(stackOf(error));
  else console.error(`freshet: ${sentence}`);
  await leave(1);
}
