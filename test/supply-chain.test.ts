import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { projectDir } from '../lib/config/state-file.ts';

const read = (file: string): string => readFileSync(join(projectDir, file), 'utf8');

const project = JSON.parse(read('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<
    Record<string, { readonly version: string; integrity?: string; hasInstallScript?: boolean }>
  >;
};
const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13);

test('every version is exact, and is the one in the lockfile', () => {
  const wanted = { ...project.dependencies, ...project.devDependencies };
  const loose = Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([]);
  const locked = Object.keys(wanted).map((name) => [
    name,
    lock.packages[`node_modules/${name}`]?.version,
  ]);
  expect(Object.fromEntries(locked)).toEqual(wanted);
});

test('every package is held to its content', () => {
  expect(installed.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))).toEqual(
    [],
  );
});

test('whatever runs when it is installed is named, and the page on security says why', () => {
  const running = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = [...new Set(running.map(([path]) => nameOf(path)))].toSorted();
  expect(names).toEqual(Object.keys(project.allowScripts).toSorted());
  const page = read('docs/security.md');
  for (const name of names) expect(page).toContain(`| \`${name}\` |`);
});
