import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { monotonicMs } from '../lib/clock.ts';
import { projectDir } from '../lib/config/state-file.ts';
import { UserError } from '../lib/errors.ts';
import type { Bed } from './bed.ts';
import { cpuSeconds } from './cpu.ts';

/** A process that runs services, started as a user starts it. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  /** CPU that it had used when it first said that it was ready. */
  startupCpuSeconds(): number;
  /** Fails when the process ends before it is told to. */
  readonly ended: Promise<never>;
  stop(): Promise<void>;
}

export interface ServiceProcessOptions {
  /** Names of services, or `--all`. */
  readonly run: readonly string[];
  /** Where V8 writes a CPU profile of the process when it ends. */
  readonly cpuProfDir?: string;
}

const readyMsMax = 60_000;
const pollMs = 20;

export async function startServiceProcess(
  bed: Bed,
  { run, cpuProfDir }: ServiceProcessOptions,
): Promise<ServiceProcess> {
  const name = run.join('+').replace(/^--/, '');
  const logFile = join(bed.dir, `${name}.log`);
  const log = openSync(logFile, 'a');
  const main = join(projectDir, 'cli', 'main.ts');
  const prof =
    cpuProfDir === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-dir', cpuProfDir, '--cpu-prof-name', `${name}.cpuprofile`];
  const child = spawn(process.execPath, [...prof, main, 'run', ...run, '--json', '--port', '0'], {
    env: bed.environment,
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  let stopping = false;
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ended = exit.then((code): never => {
    process.off('exit', kill);
    if (stopping) throw new Error(`${name} was stopped`);
    throw new UserError(`${name} ended by itself (code ${code}): ${reasonIn(logFile)}`);
  });
  // Whoever waits for something races with it; nobody need be waiting.
  ended.catch(() => undefined);
  const pid = child.pid ?? 0;
  const url = await Promise.race([startedAt(child), ended]);
  let startupCpu = Number.NaN;
  const ready = awaitReady(url).then(() => {
    startupCpu = cpuSeconds(pid);
  });
  try {
    await Promise.race([ready, ended]);
  } catch (error) {
    // Nobody else knows of it.
    kill();
    throw error;
  }
  return {
    name,
    pid,
    url,
    startupCpuSeconds: () => startupCpu,
    ended,
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** Its first line of JSON says where it listens. */
async function startedAt(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of the process is not read');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { event?: unknown; url?: unknown };
    if (said.event === 'started' && typeof said.url === 'string') {
      child.stdout.resume();
      return said.url;
    }
  }
  // It ended; whoever called hears that from its exit.
  return new Promise(() => undefined);
}

async function awaitReady(url: string): Promise<void> {
  const giveUpAt = monotonicMs() + readyMsMax;
  for (;;) {
    const why = await fetch(`${url}/readyz`).then(
      async (response) => (response.ok ? null : response.text()),
      (error: unknown) => String(error),
    );
    if (why === null) return;
    if (monotonicMs() > giveUpAt) throw new UserError(`not ready in time: ${why.trim()}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What it said last that was meant for people. */
function reasonIn(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.findLast((line) => line.startsWith('freshet: ')) ?? lines.at(-1) ?? '';
}
