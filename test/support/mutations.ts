/**
 * Takes out the guards of the runner, one at a time and in a copy, and shows that the unit tests
 * turn red: a suite that stays green has proved nothing. `node test/support/mutations.ts [name]`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { projectDir } from '../../lib/config/state-file.ts';

interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mutations: readonly Mutation[] = [
  {
    name: 'compare-and-set removed (the store applies any commit)',
    file: 'lib/stream/memory-store.ts',
    from: `if ((values.get(headerKey)?.toString() ?? null) !== expected) return 'refused';`,
    to: '',
  },
  {
    name: 'compare-and-set ignored (a refused commit counts as applied)',
    file: 'lib/stream/fold-partition.ts',
    from: `if ((await store.commit(commit)) === 'refused') return false;`,
    to: 'await store.commit(commit);',
  },
  {
    name: 'validated read removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'if ((header?.toString() ?? null) !== this.#headerText) return false;',
    to: '',
  },
  {
    name: 'position check removed',
    file: 'lib/stream/fold-slice.ts',
    from: 'position.offset <= (marks[position.partition] ?? -1)',
    to: 'false',
  },
  {
    name: 'position compared with a mark that moves within a record',
    file: 'lib/stream/fold-slice.ts',
    from: 'if (position.offset > high) high = position.offset;',
    to: 'if (position.offset > high) high = position.offset; marks[source] = high;',
  },
  {
    name: 'cache drop removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#cache.drop();\n    this.#shared = undefined;',
    to: '',
  },
  {
    name: 'drop of the partition’s shared value removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#shared = undefined;\n  }',
    to: '}',
  },
  {
    name: 'stored before it is sent',
    file: 'lib/stream/fold-partition.ts',
    from: 'await this.#deps.send(messages);',
    to: 'const sends = () => this.#deps.send(messages); setTimeout(() => void sends().catch(() => undefined), 0);',
  },
  {
    name: 'offset not moved with the values',
    file: 'lib/stream/fold-partition.ts',
    from: 'offsets: [last.offset + 1],',
    to: 'offsets: [last.offset],',
  },
];

const vitest = join(projectDir, 'node_modules/vitest/vitest.mjs');
const secondsMax = 120;

/** True when the suite failed. */
function isRed(folder: string): boolean {
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'unit', 'lib/stream'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: secondsMax * 1_000,
    killSignal: 'SIGKILL',
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

function survives(folder: string, { name, file, from, to }: Mutation): boolean {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${name}: ${file} has not this text once`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const red = isRed(folder);
  writeFileSync(path, text);
  console.log(`${red ? 'red  ' : 'GREEN'} ${name}`);
  return !red;
}

const wanted = mutations.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const folder = copyProject();
try {
  if (isRed(folder)) throw new Error('the suite is red before anything was taken out');
  console.log('green as it is');
  const survivors = wanted.filter((mutation) => survives(folder, mutation)).length;
  console.log(`${wanted.length - survivors} of ${wanted.length} mutations were caught`);
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
