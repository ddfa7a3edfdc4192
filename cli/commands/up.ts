import { resolve } from 'node:path';
import { type Command, Option } from 'commander';

import { defaultDataDir, readStateFile, writeStateFile } from '../../lib/config/state-file.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { startStack } from '../../stack/stack.ts';
import { stackState } from '../../stack/state.ts';
import { jsonLine } from '../json-line.ts';
import { report } from '../stack/report.ts';

interface UpOptions {
  readonly brokers: '1' | '3';
  readonly dataDir: string;
  readonly fresh?: boolean;
  readonly local?: boolean;
  readonly prometheus: boolean;
  readonly json?: boolean;
}

export function registerUpCommand(program: Command): void {
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
    .addOption(jsonLine())
    .action(up);
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
