import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UserError } from '../../lib/errors.ts';
import {
  defaultDataDir,
  readStateAsWritten,
  readStateFile,
  removeStateFile,
  type StackState,
  writeStateFile,
} from '../../lib/config/state-file.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { deleteVolumes } from '../../stack/containers.ts';
import { deleteData, startStack } from '../../stack/stack.ts';
import { type PartStatus, partStatuses, stackState, stopStack } from '../../stack/state.ts';

interface UpOptions {
  readonly brokers: '1' | '3';
  readonly dataDir: string;
  readonly fresh?: boolean;
  readonly local?: boolean;
  readonly prometheus: boolean;
  readonly json?: boolean;
}

interface DownOptions {
  readonly dataDir?: string;
  readonly delete?: boolean;
  readonly json?: boolean;
}

const json = (): Option => new Option('--json', 'one line of JSON instead of text');

export function registerStackCommands(program: Command): void {
  program
    .command('up')
    .description('start Kafka, a schema registry and Redis, and leave them running')
    .addOption(
      new Option('--brokers <number>', 'brokers of the cluster').choices(['1', '3']).default('1'),
    )
    .option('--data-dir <folder>', 'where their data lies', defaultDataDir)
    .option('--fresh', 'begin with empty data')
    .option('--local', 'local processes even if a container engine answers')
    .option('--no-prometheus', 'leave Prometheus out')
    .addOption(json())
    .action(up);
  program
    .command('status')
    .description('say where the running stack is, as lines for a shell: eval "$(freshet status)"')
    .addOption(json())
    .action(status);
  program
    .command('down')
    .description('stop the stack')
    .option('--delete', 'delete its data as well')
    .option('--data-dir <folder>', 'which data, if that stack no longer runs')
    .addOption(json())
    .action(down);
}

async function up(options: UpOptions): Promise<void> {
  const { stateFile } = stackEnvironment();
  const running = readStateFile(stateFile);
  if (running !== undefined && running.mode !== 'outside') {
    await report(running, options.json);
    console.error(
      process.exitCode === 1
        ? 'A stack is already running, and not all of it answers: see the cure above.'
        : 'A stack is already running; `npx freshet down` stops it.',
    );
    return;
  }
  const dataDir = resolve(options.dataDir);
  const stack = await startStack({
    dataDir,
    keep: options.fresh !== true,
    brokers: options.brokers === '3' ? 3 : 1,
    prometheus: options.prometheus,
    preferLocal: options.local === true,
    onProgress: (line) => console.error(line),
  });
  const state = stackState(stack, dataDir);
  writeStateFile(state, stateFile);
  await stack.detach();
  console.error('The stack runs until `npx freshet down`.');
  return report(state, options.json);
}

async function status({ json: asJson }: { readonly json?: boolean }): Promise<void> {
  const state = readStateFile(stackEnvironment().stateFile);
  if (state !== undefined) return report(state, asJson);
  if (asJson !== true) throw new UserError('No stack is running. Cure: npx freshet up');
  console.log(JSON.stringify({ running: false }));
  process.exitCode = 1;
}

async function report(state: StackState, asJson: boolean | undefined): Promise<void> {
  const { addresses, dataDir, mode } = state;
  const parts = await partStatuses(state);
  const cure = cureFor(state, parts);
  if (cure !== null) process.exitCode = 1;
  if (asJson === true) {
    console.log(JSON.stringify({ running: true, mode, addresses, dataDir, parts, cure }));
    return;
  }
  console.log(`export FRESHET_KAFKA_BROKERS=${addresses.kafkaBrokers}`);
  console.log(`export FRESHET_REGISTRY_URL=${addresses.registryUrl}`);
  console.log(`export FRESHET_REDIS_URL=${addresses.redisUrl}`);
  if (addresses.prometheusUrl !== undefined) {
    console.log(`export FRESHET_PROMETHEUS_URL=${addresses.prometheusUrl}`);
  }
  console.log(`# ${modeTexts[mode]}${mode === 'outside' ? '' : `; data in ${dataDir}`}`);
  for (const { address, answers, part, pid } of parts) {
    const process = pid === undefined ? '' : `, process ${pid}`;
    const said = answers ? 'answers' : 'DOES NOT ANSWER';
    console.log(`# ${part.padEnd(10)} ${address.padEnd(16)} ${said}${process}`);
  }
  if (cure !== null) console.log(`# Cure: ${cure}`);
  if (mode === 'processes' && addresses.prometheusUrl === undefined) {
    console.log('# prometheus is not there (apt-get install prometheus adds it at the next start)');
  }
}

/** Null: every part answers. */
export function cureFor(
  { dataDir, mode }: Pick<StackState, 'dataDir' | 'mode'>,
  parts: readonly PartStatus[],
): string | null {
  if (parts.every(({ answers }) => answers)) return null;
  if (mode === 'outside') return 'start it again, or ask whoever runs it';
  return `npx freshet down && npx freshet up, and start the services again (logs: ${join(dataDir, 'logs')})`;
}

const modeTexts: Readonly<Record<StackState['mode'], string>> = {
  outside: 'run by somebody else',
  containers: 'containers',
  processes: 'local processes',
};

async function down(options: DownOptions): Promise<void> {
  const { cacheDir, path, stateFile } = stackEnvironment();
  const state = readStateAsWritten(stateFile);
  const stopped = state === undefined ? [] : await stopStack(state);
  removeStateFile(stateFile);
  const dataDir = resolve(options.dataDir ?? state?.dataDir ?? defaultDataDir);
  if (options.delete === true) {
    if (state?.mode === 'containers') await deleteVolumes(dataDir, path);
    deleteData(dataDir);
  }
  const deleted = options.delete === true ? dataDir : null;
  if (options.json === true) {
    console.log(JSON.stringify({ stopped, deleted }));
    return;
  }
  console.log(saidOf(state, stopped));
  if (deleted === null) return;
  console.log(`Deleted the data in ${deleted}. The downloads stay in ${cacheDir}.`);
}

function saidOf(state: StackState | undefined, stopped: readonly string[]): string {
  if (state?.mode === 'outside') return 'Forgot the addresses; somebody else runs that stack.';
  if (state?.mode === 'containers') return 'Stopped the containers.';
  return stopped.length === 0 ? 'No stack was running.' : `Stopped ${stopped.join(', ')}.`;
}
