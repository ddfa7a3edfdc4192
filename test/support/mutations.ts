/**
 * Takes out the guards of the runner, one at a time and in a copy, and shows that the tests turn
 * red: a suite that stays green has proved nothing. `npm run mutations`, or with a part of a name, and
 * with `--only simulation` (or `tests`) where only that is to be shown.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { projectDir } from '../../lib/config/state-file.ts';
import { type Mutation, mutations } from './mutation-list.ts';

const vitest = join(projectDir, 'node_modules/vitest/vitest.mjs');
const secondsMax = 240;
/** Whatever the simulation can see at all it sees within so many schedules. */
const schedules = '6000';

const seenBy = ['tests', 'simulation'] as const;
type Suite = (typeof seenBy)[number];

function commandOf(suite: Suite, tests = 'lib/stream'): readonly string[] {
  if (suite === 'simulation')
    return ['test/simulation/main.ts', '--seed', '1', '--schedules', schedules];
  const project = tests.startsWith('test/') ? 'stack' : 'unit*';
  return [vitest, 'run', '--project', project, tests];
}

/** True when the tests failed. */
function isRed(folder: string, command: readonly string[]): boolean {
  const run = spawnSync(process.execPath, command, {
    cwd: folder,
    encoding: 'utf8',
    timeout: secondsMax * 1_000,
    // Lets vitest stop what it started; the processes of a stack end with their launcher anyway.
    killSignal: 'SIGTERM',
  });
  return run.status !== 0;
}

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-mutations-'));
  const left = new Set(['node_modules', '.git', '.freshet', 'data']);
  cpSync(projectDir, folder, { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(join(projectDir, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The suites that stayed green although they should not. */
function survives(folder: string, mutation: Mutation): Suite[] {
  const { name, file, from, to, tests, simulated } = mutation;
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${name}: ${file} has not this text once`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const suites = seenBy.filter(
    (suite) => asked.includes(suite) && (suite === 'tests' ? tests !== null : simulated === true),
  );
  const green = suites.filter((suite) => !isRed(folder, commandOf(suite, tests ?? undefined)));
  writeFileSync(path, text);
  const told = suites.map((suite) => `${green.includes(suite) ? 'GREEN' : 'red'} ${suite}`);
  console.log(`${told.join(', ').padEnd(28)} ${name}`);
  return green;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
});
const asked = seenBy.filter((suite) => values.only === undefined || values.only === suite);
const wanted = mutations.filter(
  ({ name, tests, simulated }) =>
    name.includes(positionals[0] ?? '') &&
    ((asked.includes('tests') && tests !== null) ||
      (asked.includes('simulation') && simulated === true)),
);
const folder = copyProject();
try {
  for (const suite of asked)
    if (isRed(folder, commandOf(suite)))
      throw new Error(`the ${suite} are red before anything was taken out`);
  console.log('green as it is');
  const survivors = wanted.filter((mutation) => survives(folder, mutation).length > 0).length;
  console.log(`${wanted.length - survivors} of ${wanted.length} mutations were caught`);
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
