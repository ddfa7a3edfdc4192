import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isSameProcess, processIdentity } from '../lib/config/state-file.ts';
import { StackError } from './errors.ts';
import type { Guardian } from './guardian.ts';

const pom = fileURLToPath(new URL('./pom.xml', import.meta.url));

/** The part of the embedded-redis artefact for a platform. */
const redisPrograms: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-7.0.15-linux-amd64',
  'linux-arm64': 'redis-server-7.0.15-linux-arm64',
  'linux-ia32': 'redis-server-7.0.15-linux-386',
  'darwin-x64': 'redis-server-7.0.15-darwin-amd64',
  'darwin-arm64': 'redis-server-7.0.15-darwin-arm64',
};

export interface Downloads {
  /** Jars of the broker. */
  readonly kafkaDir: string;
  readonly registryDir: string;
  /** The redis-server of the cache; absent where none was built for this platform. */
  readonly redisProgram: string | undefined;
}

export interface DownloadOptions {
  readonly cacheDir: string;
  /** Looked for only if something has to be downloaded. */
  readonly findMaven: () => string;
  readonly guardian: Guardian;
  readonly logFile: string;
  readonly onProgress: (line: string) => void;
}

/**
 * The programs of the local stack, fetched the first time. A finished download appears under the
 * hash of its pom.xml by one rename: a folder of that name is complete, whoever made it.
 */
export async function fetchDownloads(options: DownloadOptions): Promise<Downloads> {
  const { cacheDir } = options;
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const complete = join(cacheDir, `stack-${hash}`);
  if (!existsSync(complete)) {
    const maven = options.findMaven();
    mkdirSync(cacheDir, { recursive: true });
    const unlock = await lock(cacheDir, () => existsSync(complete), options.onProgress);
    try {
      if (!existsSync(complete)) await download(options, maven, complete);
    } finally {
      unlock();
    }
  }
  const redis = redisPrograms[`${process.platform}-${process.arch}`];
  return {
    kafkaDir: join(complete, 'kafka'),
    registryDir: join(complete, 'registry'),
    redisProgram: redis === undefined ? undefined : join(complete, 'redis', redis),
  };
}

async function download(options: DownloadOptions, maven: string, complete: string): Promise<void> {
  const { cacheDir, guardian, logFile, onProgress } = options;
  onProgress(
    `Downloading Kafka, the schema registry and Redis (about 215 MB, once) to ${cacheDir}`,
  );
  // Kept after a failure, so that the next try goes on from there.
  const repository = join(cacheDir, 'maven');
  for (const name of readdirSync(cacheDir)) {
    // Of a start that was killed: under the lock nobody else is at it.
    if (name.startsWith('unfinished-')) rmSync(join(cacheDir, name), { recursive: true });
  }
  const unfinished = join(cacheDir, `unfinished-${randomBytes(6).toString('hex')}`);
  mkdirSync(unfinished);
  try {
    await guardian.spawn({
      name: 'maven',
      command: maven,
      args: [
        '-U',
        '-Dstyle.color=never',
        `-Dmaven.repo.local=${repository}`,
        `-Dto=${unfinished}`,
        '-f',
        pom,
        'package',
      ],
      cwd: cacheDir,
      logFile,
      append: false,
    });
    await followMaven(guardian, logFile, onProgress);
    for (const program of readdirSync(join(unfinished, 'redis'))) {
      chmodSync(join(unfinished, 'redis', program), 0o755);
    }
    rmSync(join(unfinished, 'markers'), { recursive: true, force: true });
    renameSync(unfinished, complete);
    rmSync(repository, { recursive: true, force: true });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** What Maven has on its screen now: a line of progress rewrites itself with \r. */
export function mavenProgress(log: string): string | undefined {
  const lines = log.split(/[\r\n]+/);
  const file = lines.findLast((line) => line.startsWith('Downloading from'));
  const name = file?.trim().split('/').at(-1);
  const amount = /\(\d+\): (.+B)/.exec(lines.findLast((line) => line.startsWith('Progress')) ?? '');
  if (name === undefined) return undefined;
  return `Downloading ${name}${amount === null ? '' : ` (${amount[1]?.trim()})`}`;
}

/** Its first complaint, which wraps the reason in several others. */
export function mavenError(log: string): string {
  const line = /\[ERROR\] (.*)/.exec(log)?.[1] ?? 'it gave no reason';
  const innermost = /Could not transfer artifact \S+ from\/to (.*)/.exec(line)?.[1] ?? line;
  return innermost.replace(/ -> \[Help.*| ?transfer failed for \S+:/g, '').slice(0, 300);
}

async function followMaven(
  guardian: Guardian,
  logFile: string,
  onProgress: (line: string) => void,
): Promise<void> {
  let last: string | undefined;
  let exit = guardian.exitOf('maven');
  while (exit === undefined) {
    await pause(500);
    exit = guardian.exitOf('maven');
    const line = mavenProgress(readFileSync(logFile, 'utf8').slice(-20_000));
    if (line !== undefined && line !== last) onProgress(line);
    last = line;
  }
  if (exit.code === 0) return;
  throw new StackError(
    `Maven could not fetch Kafka and the schema registry: ${mavenError(readFileSync(logFile, 'utf8'))}.`,
    `check the network (a proxy or mirror goes into ~/.m2/settings.xml) and run the command again; the whole log is ${logFile}`,
  );
}

/**
 * Waits until no other start downloads, or until `done`. A lock whose owner has died is taken
 * over; two that take it over at once only download twice, since the rename keeps the cache whole.
 */
async function lock(
  cacheDir: string,
  done: () => boolean,
  onProgress: (line: string) => void,
): Promise<() => void> {
  const file = join(cacheDir, 'download.lock');
  const own = JSON.stringify(processIdentity(process.pid));
  let told = false;
  while (!done()) {
    try {
      writeFileSync(file, own, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (ownerIsGone(file)) rmSync(file, { force: true });
    else if (!told) onProgress('Waiting for another start that is downloading');
    told = true;
    await pause(300);
  }
  return () => undefined;
}

function ownerIsGone(file: string): boolean {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return !isSameProcess(owner);
  } catch {
    // Gone by now, or not written yet: the next round knows more.
    return !existsSync(file);
  }
}
