import { Command, InvalidArgumentError } from 'commander';
import { randomInt } from 'node:crypto';

import { messageOf, UserError } from '../../lib/errors.ts';
import { numbersOf } from './rows.ts';
import { reportText } from './report-text.ts';
import { type FaultsOptions, runFaults } from './run-faults.ts';

/** `npm run faults`: what dies, freezes, fills up or lies, on a stack of its own. */
interface Flags {
  readonly rows: readonly number[];
  readonly seconds: number;
  readonly seed?: number;
  readonly random: number;
  readonly minutes: number;
  readonly rate: number;
  readonly requests: number;
  readonly session: number;
  readonly keep?: boolean;
  readonly json?: boolean;
}

const whole = (text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('must be a whole number.');
};

const command = new Command('faults')
  .description('what must survive, on three brokers, a Redis with a replica and three processes')
  .option('--rows <list>', 'rows of the table, as in 1-5,10', numbersOf, numbersOf('1-25'))
  .option('--seconds <seconds>', 'how long each fault lasts, about', whole, 30)
  .option('--seed <number>', 'of everything that is drawn (default: drawn, and printed)', whole)
  .option('--random <pairs>', 'pairs of these rows at random, instead of each alone', whole, 0)
  .option('--minutes <minutes>', 'random faults for so long, and the slope of memory', whole, 0)
  .option('--rate <number>', 'events a second', whole, 40)
  .option('--requests <number>', 'requests a second', whole, 10)
  .option('--session <ms>', 'session timeout of the consumer groups', whole, 6_000)
  .option('--keep', 'leave logs and data behind')
  .option('--json', 'print one line of JSON, last');

const say = (line: string): void => console.error(line);

function optionsOf(flags: Flags, signal: AbortSignal): FaultsOptions {
  return {
    rows: flags.rows,
    seconds: flags.seconds,
    seed: flags.seed ?? randomInt(1, 1_000_000),
    pairs: flags.random,
    minutes: flags.minutes,
    eventsPerSecond: flags.rate,
    requestsPerSecond: flags.requests,
    sessionMs: flags.session,
    keep: flags.keep === true,
    signal,
    say,
  };
}

/** The first signal ends everything that was started; the guard outlives even a second one. */
function brokenOff(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new UserError(`broken off by ${signal}`));
    });
  }
  return controller.signal;
}

async function main(): Promise<number> {
  const flags = command.parse().opts<Flags>();
  const signal = brokenOff();
  try {
    const report = await runFaults(optionsOf(flags, signal));
    console.log(flags.json === true ? JSON.stringify(report) : reportText(report));
    return report.rows_passed === report.rows_run ? 0 : 1;
  } catch (error) {
    const known = signal.aborted || error instanceof UserError;
    const why = signal.aborted ? messageOf(signal.reason) : messageOf(error);
    if (flags.json === true) console.log(JSON.stringify({ error: why }));
    if (known) console.error(`faults: ${why}`);
    else console.error(error);
    return signal.aborted ? 130 : 1;
  }
}

// Clients may keep timers and sockets for a while; what is done is done.
process.exit(await main());
