import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StackError } from './errors.ts';
import type { StackEnvironment } from './config.ts';

const javaLowest = 17;
const nodeLowest = [22, 18] as const;
const engineMsMax = 3_000;

/** The first executable of that name on the PATH. */
export function onPath(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The output of a command, or undefined if it fails or takes too long. */
async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((done) => {
    execFile(command, args, { timeout: engineMsMax }, (error, stdout, stderr) => {
      done(error === null ? stdout + stderr : undefined);
    });
  });
}

/** An installation without install scripts leaves npm scripts on the machine's own, older Node. */
export function checkNode(version: string = process.version): void {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  const [majorLowest, minorLowest] = nodeLowest;
  if (major > majorLowest || (major === majorLowest && minor >= minorLowest)) return;
  throw new StackError(
    `Node ${version} is too old (22.18 or later is needed; it comes with the npm package "node", whose install script did not run).`,
    'npm rebuild node --ignore-scripts=false',
  );
}

/** `java` of the environment, checked to be new enough for Kafka. */
export async function findJava(environment: StackEnvironment): Promise<string> {
  const cure = 'apt-get install openjdk-17-jre-headless (macOS: brew install openjdk@17)';
  const { javaHome } = environment;
  const java =
    javaHome === undefined ? onPath('java', environment.path) : join(javaHome, 'bin/java');
  if (java === undefined)
    throw new StackError('Java is not installed: Kafka needs 17 or later.', cure);
  const said = await output(java, ['-version']);
  if (said === undefined) {
    throw new StackError(
      `Java does not run (${java} -version fails): Kafka needs 17 or later.`,
      cure,
    );
  }
  const major = Number(/version "(?:1\.)?(\d+)/.exec(said)?.[1] ?? 0);
  if (major >= javaLowest) return java;
  throw new StackError(`Java ${major} at ${java} is too old: Kafka needs 17 or later.`, cure);
}

export function findMaven(environment: StackEnvironment): string {
  const maven = onPath('mvn', environment.path);
  if (maven !== undefined) return maven;
  throw new StackError(
    'Maven is not installed: it fetches Kafka and the schema registry, once.',
    'apt-get install maven (macOS: brew install maven)',
  );
}

/** A container engine that has compose and answers, as the start of a command line. */
export async function findEngine(path: string): Promise<readonly string[] | undefined> {
  for (const name of ['docker', 'podman']) {
    const program = onPath(name, path);
    if (program === undefined) continue;
    const answers = await Promise.all([
      output(program, ['compose', 'version']),
      output(program, ['info']),
    ]);
    if (answers.every((answer) => answer !== undefined)) return [program, 'compose'];
  }
  return undefined;
}
