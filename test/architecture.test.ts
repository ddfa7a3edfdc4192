import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { projectDir } from '../lib/config/state-file.ts';
import { topics } from '../topics/all.ts';
import {
  importsOf,
  type SourceFile,
  sourceFiles,
  withoutComments,
} from './support/source-files.ts';

const files = sourceFiles();
const isTest = ({ path }: SourceFile): boolean =>
  path.startsWith('test/') || /\.test\.ts$|\.conformance\.ts$/.test(path);
const isGenerated = ({ path }: SourceFile): boolean => path.startsWith('schemas/generated/');
const code = files.filter((file) => !isTest(file));

/** Paths of files that a rule finds fault with: a failing test shows the list. */
const offenders = (of: readonly SourceFile[], wrong: (file: SourceFile) => boolean): string[] =>
  of.filter(wrong).map(({ path }) => path);

const topFolder = (path: string): string => path.split('/')[0] ?? '';
const serviceOf = (path: string): string | null => /^services\/([^/]+)\//.exec(path)?.[1] ?? null;

/** What whoever does the work stands on. */
const rooms = ['lib', 'schemas', 'models', 'retrieval', 'experiments', 'topics'];

/** Per top folder, the others that it may import from (DESIGN section 8). */
const directions: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  schemas: [],
  models: ['schemas'],
  topics: ['lib', 'schemas'],
  // Reads what was learned and makes lists of it: what candidates, serving and evaluation share.
  retrieval: ['lib', 'schemas', 'models'],
  // What an experiment is, who is in it and what it says: pure, as models are.
  experiments: ['schemas', 'models'],
  services: rooms,
  batch: rooms,
  stack: ['lib'],
  // A thin face over the rest: it hosts services, starts the stack and folds logs again.
  cli: [...rooms, 'services', 'stack', 'bench'],
  bench: [...rooms, 'services', 'stack', 'cli'],
};

function wrongDirections(file: SourceFile): string[] {
  const from = topFolder(file.path);
  const allowed = directions[from];
  if (allowed === undefined) return [];
  const tests = isTest(file) ? ['test', 'topics', 'schemas', 'lib'] : [];
  return file.imports
    .filter((target) => target.includes('/') && directions[topFolder(target)] !== undefined)
    .filter((target) => {
      const to = topFolder(target);
      if (from === 'services' && to === 'services')
        return serviceOf(file.path) !== serviceOf(target);
      return to !== from && !allowed.includes(to) && !tests.includes(to);
    })
    .map((target) => `${file.path} imports ${target}`);
}

describe('imports', () => {
  test('the reader of imports sees every form of them', () => {
    const text = `import a from '../x.ts';
      import { b,
        c } from "./y.ts";
      export * from './z.ts'; // from './comment.ts'
      import './effect.ts';
      const d = await import('node:fs'); /* from './block.ts' */
      import type { E } from 'kafkajs';`;
    expect(importsOf('lib/kafka/a.ts', withoutComments(text))).toEqual([
      'lib/x.ts',
      'lib/kafka/y.ts',
      'lib/kafka/z.ts',
      'lib/kafka/effect.ts',
      'node:fs',
      'kafkajs',
    ]);
  });

  test('go one way: services, cli, bench to topics, models, lib, schemas; a service to none', () => {
    expect(files.flatMap(wrongDirections)).toEqual([]);
  });

  test('of packages, models know zod alone', () => {
    const models = code.filter(({ path }) => path.startsWith('models/'));
    const foreign = models.flatMap(({ path, imports }) =>
      imports
        .filter((target) => !/^(models|schemas)\/|^zod$|^node:crypto$/.test(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(foreign).toEqual([]);
  });

  test.each([
    ['kafkajs', /^lib\/kafka\//],
    ['ioredis', /^lib\/redis\//],
    ['@kafkajs/confluent-schema-registry', /^lib\/avro\//],
    ['avsc', /^(lib\/avro|schemas)\//],
    ['prom-client', /^lib\/telemetry\//],
    ['pino', /^lib\/telemetry\//],
    ['@stdlib', /^experiments\/statistics\//],
  ])('only one folder knows the package %s', (name, folder) => {
    const users = code.filter(({ imports }) =>
      imports.some((target) => target === name || target.startsWith(`${name}/`)),
    );
    expect(offenders(users, ({ path }) => !folder.test(path))).toEqual([]);
    expect(users.length).toBeGreaterThan(0);
  });
});

describe('hidden inputs', () => {
  /** Readers of the environment that are no config.ts, each with its reason. */
  const environmentReaders: readonly string[] = [
    // Shared by every config.ts.
    'lib/config/common.ts',
    // Start a Node of the right version and hand their environment on, before any of our code runs.
    'bin/freshet.js',
    'bin/node.js',
    'bin/check.js',
    'bin/test.js',
  ];

  test('only a config.ts reads the environment', () => {
    const readers = code.filter((file) => /process\.env/.test(file.code));
    const wrong = (file: SourceFile): boolean =>
      !/(^|\/)config\.ts$/.test(file.path) && !environmentReaders.includes(file.path);
    expect(offenders(readers, wrong)).toEqual([]);
  });

  test('only lib/clock.ts knows the time', () => {
    const clock = /\bDate\.now\b|\bperformance\.now\b|new Date\(\)|process\.hrtime/;
    const users = code.filter((file) => clock.test(file.code));
    // The programs in bin/ run before a Node that reads TypeScript is found.
    const allowed = /^lib\/clock\.ts$|^bin\//;
    expect(offenders(users, ({ path }) => !allowed.test(path))).toEqual([]);
  });

  test('nothing pure throws dice', () => {
    const pure = code.filter(
      ({ path }) => /^(models|schemas)\//.test(path) || path.endsWith('/topology.ts'),
    );
    expect(
      offenders(pure, (file) => /Math\.random|randomUUID|randomBytes/.test(file.code)),
    ).toEqual([]);
  });
});

describe('shape', () => {
  const linesMax = 300;

  test(`no file is longer than ${linesMax} lines`, () => {
    const long = files.filter((file) => file.lines > linesMax && !isGenerated(file));
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  test('nothing is exported without a name', () => {
    /** Tools that take nothing but a default export. */
    const forTools = ['vitest.config.ts', 'test/support/count-reporter.ts'];
    const unnamed = files.filter((file) => /^export default/m.test(file.code));
    const wrong = ({ path }: SourceFile): boolean =>
      !forTools.includes(path) && !/^test\/support\/[a-z-]*setup\.ts$/.test(path);
    expect(offenders(unnamed, wrong)).toEqual([]);
  });

  test('no file hides where things come from', () => {
    expect(offenders(files, ({ path }) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
  });
});

describe('topics', () => {
  const folders = readdirSync(`${projectDir}services`);
  const commands = readdirSync(`${projectDir}cli/commands`).map((name) => name.split('.')[0]);
  const outside = ['producers', 'applications', 'people', 'every consumer', 'freshet'];
  /** Named in the contract, built by later issues. */
  const later = ['served', 'experiments', 'archive', 'batch jobs'];
  const known = (who: string): boolean =>
    folders.includes(who) ||
    outside.includes(who) ||
    later.includes(who) ||
    (who.startsWith('freshet ') && commands.includes(who.slice('freshet '.length)));

  test('whoever is said to write or read a topic exists', () => {
    const unknown = topics.flatMap(({ thing, writtenBy, readBy }) =>
      [...writtenBy, ...readBy].filter((who) => !known(who)).map((who) => `${thing}: ${who}`),
    );
    expect(unknown).toEqual([]);
  });

  test('every topic has a writer and a reader', () => {
    for (const { thing, writtenBy, readBy } of topics) {
      expect([thing, writtenBy.length > 0, readBy.length > 0]).toEqual([thing, true, true]);
    }
  });
});
