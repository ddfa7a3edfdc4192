import { type Command, InvalidArgumentError } from 'commander';
import { join, resolve } from 'node:path';

import type { CommonConfig } from '../../lib/config/common.ts';
import { defaultDataDir } from '../../lib/config/state-file.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { type Asker, openAsker } from '../data/asking.ts';
import { readCatalogue } from '../data/definitions.ts';
import { adviceFor } from '../start/advice.ts';
import { contextsIn } from '../start/audience.ts';
import { type Dataset, datasetName, openDataset } from '../start/dataset.ts';
import { Demo } from '../start/demo.ts';
import { Launch, type Launched, watchLauncher } from '../start/launch.ts';
import { faultsOf, type StartResult, textOf } from '../start/result.ts';
import { openView, type View } from '../start/view.ts';
import { Watch } from '../start/watch.ts';

interface StartFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly keep?: boolean;
  readonly events?: number;
  readonly dataDir: string;
}

export function registerStartCommand(program: Command): void {
  program
    .command('start')
    .description('start everything, replay real purchases, and stay up serving until Ctrl-C')
    .option('--once', 'verify everything and end after the replay')
    .option('--keep', 'go on with the data that is there, without a second replay')
    .option('--events <number>', 'replay only the newest so many events', whole)
    .option('--data-dir <folder>', 'where the data lies', join(defaultDataDir, 'start'))
    .option('--json', 'print the figures as one JSON line; progress goes to stderr')
    .action(start);
}

/** Ctrl-C, a signal, or a launcher that has gone. */
interface Ending {
  readonly signal: AbortSignal;
  readonly stopped: Promise<'stopped'>;
}

async function start(flags: StartFlags): Promise<void> {
  const ending = listen();
  const view = openView(flags.json === true ? process.stderr : process.stdout);
  const dataDir = resolve(flags.dataDir);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const launching = new Launch({
    dataDir,
    keep: flags.keep === true,
    say: (line) => view.say(line),
    onFatal: failed.reject,
  });
  const work = async (): Promise<void> => {
    await show(await launching.run(), flags, { view, ending });
  };
  try {
    const working = Promise.race([work(), failed.promise]);
    // After a Ctrl-C whatever is under way fails, since what it talks to is being stopped.
    working.catch(() => undefined);
    await Promise.race([working, ending.stopped]);
  } finally {
    view.end();
    // A second one is refused before it starts anything: the first must not seem to stop.
    if (launching.began) {
      view.say('Stopping everything ...');
      await launching.stop();
      view.say('Stopped.');
    }
  }
  // Without --once, Ctrl-C is how it is meant to end.
  if (ending.signal.aborted && flags.once === true) process.exitCode = 130;
}

function listen(): Ending {
  const controller = new AbortController();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<'stopped'>();
  const end = (): void => {
    controller.abort();
    stop('stopped');
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  watchLauncher(end);
  return { signal: controller.signal, stopped };
}

interface Stage {
  readonly view: View;
  readonly ending: Ending;
}

async function show(launched: Launched, flags: StartFlags, stage: Stage): Promise<void> {
  const { config, events } = launched;
  const { view } = stage;
  const asker = await openAsker(config);
  const dataset = await openDataset(config, flags.events);
  let result: StartResult | null = null;
  if (events > 0) view.say(`Going on with the ${events} events that are there.`);
  else result = await replay(launched, { asker, dataset }, stage);
  if (stage.ending.signal.aborted) return;
  if (flags.once === true) {
    if (result !== null) {
      const differences = await differencesIn(config, view);
      finish({ ...result, verify_differences: differences }, flags, view);
    } else await finishKept(events, config, { flags, view });
    await asker.close();
    return;
  }
  if (result !== null) say(result, flags, view);
  const contexts = contextsIn(await readCatalogue(config));
  const users = dataset.known.active.slice(0, 5);
  view.say(
    `\n${await adviceFor({ asker, users, contexts, titles: dataset.titles, stateFile: stackEnvironment().stateFile })}`,
  );
  view.say('\nCtrl-C stops everything.');
  await asker.close();
  await stage.ending.stopped;
}

async function replay(
  { config, workers }: Launched,
  { asker, dataset }: { readonly asker: Asker; readonly dataset: Dataset },
  { view, ending }: Stage,
): Promise<StartResult> {
  view.say(`Replaying ${datasetName}: ${dataset.total} purchases, moved to end now.`);
  const watch = await Watch.open(config, workers);
  try {
    const catalogue = await readCatalogue(config);
    const demo = new Demo({
      config,
      dataset,
      catalogue,
      asker,
      watch,
      view,
      signal: ending.signal,
    });
    return await demo.run();
  } finally {
    view.end();
    await watch.close();
  }
}

async function differencesIn(config: CommonConfig, view: View): Promise<number> {
  view.say('Verifying: folding all logs again in one plain loop ...');
  const { verifyAll } = await import('../verify/verify.ts');
  const { reportText } = await import('../verify/report.ts');
  const report = await verifyAll({ config, log: (line) => view.say(`  ${line}`) });
  if (report.differences > 0) view.say(reportText(report));
  else for (const note of report.notes) view.say(`  ${note}`);
  return report.differences;
}

function say(result: StartResult, flags: StartFlags, view: View): void {
  view.say(`\nWhat came of it:\n${textOf(result)}`);
  for (const fault of faultsOf(result)) view.say(`  NOT AS IT SHOULD BE: ${fault}`);
  if (flags.json === true) console.log(JSON.stringify(result));
}

/** With --once the JSON is the last line of all: printed when everything has stopped. */
function printLast(value: unknown, flags: StartFlags): void {
  if (flags.json === true) process.once('exit', () => console.log(JSON.stringify(value)));
}

function finish(result: StartResult, flags: StartFlags, view: View): void {
  say(result, { ...flags, json: false }, view);
  printLast(result, flags);
  if (faultsOf(result).length > 0) process.exitCode = 1;
}

/** Nothing was replayed: what can be said is how much is there, and whether it is right. */
async function finishKept(
  events: number,
  config: CommonConfig,
  { flags, view }: { readonly flags: StartFlags; readonly view: View },
): Promise<void> {
  const differences = await differencesIn(config, view);
  view.say(`verify found ${differences} differences`);
  printLast({ events: 0, kept_events: events, verify_differences: differences }, flags);
  if (differences > 0) process.exitCode = 1;
}

function whole(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number < 100) {
    throw new InvalidArgumentError('must be a whole number from 100.');
  }
  return number;
}
