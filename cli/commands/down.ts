import { resolve } from 'node:path';
import type { Command } from 'commander';

import {
  defaultDataDir,
  readStateAsWritten,
  removeStateFile,
  type StackState,
} from '../../lib/config/state-file.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { deleteVolumes } from '../../stack/containers.ts';
import { deleteData } from '../../stack/stack.ts';
import { stopStack } from '../../stack/state.ts';
import { jsonLine } from '../json-line.ts';

interface DownOptions {
  readonly dataDir?: string;
  readonly delete?: boolean;
  readonly json?: boolean;
}

export function registerDownCommand(program: Command): void {
  program
    .command('down')
    .description('stop the stack')
    .option('--delete', 'delete its data as well')
    .option('--data-dir <folder>', 'which data, if that stack no longer runs')
    .addOption(jsonLine())
    .action(down);
}

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
