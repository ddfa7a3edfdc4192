import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { monotonicMs } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { lastSaid } from './last-said.ts';

/** One process with its services. */
interface Worker {
  readonly name: string;
  readonly services: readonly string[];
  readonly logFile: string;
  child: ChildProcess | null;
  url: string | null;
  readonly startedMs: number[];
}

export interface WorkersOptions {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly logFileOf: (name: string) => string;
  readonly onEvent: (line: string) => void;
  /** A process that ends again and again is given up. */
  readonly onFatal: (error: Error) => void;
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url));
const restartMs = 1_000;
const restartsMax = 5;
const restartsWindowMs = 60_000;
const stopMsMax = 25_000;
const scrapeMsMax = 5_000;

/**
 * The processes of all services. States of each: starting -> up (its address is known) -> ended,
 * and started again, unless that happens too often or everything is being stopped.
 */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #workers: Worker[];
  #stopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#workers = Object.entries(options.groups).map(([name, services]) => ({
      name,
      services,
      logFile: options.logFileOf(name),
      child: null,
      url: null,
      startedMs: [],
    }));
  }

  start(): void {
    for (const worker of this.#workers) this.#launch(worker, 'w');
  }

  get urls(): string[] {
    return this.#workers.flatMap(({ url }) => (url === null ? [] : [url]));
  }

  urlOf(service: string): string | null {
    return this.#workers.find(({ services }) => services.includes(service))?.url ?? null;
  }

  /** By process, the text of /metrics; a process that does not answer is left out. */
  async metrics(): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    await Promise.all(
      this.#workers.map(async ({ name, url, child }) => {
        const text = url === null ? null : await get(`${url}/metrics`);
        if (text !== null && text.ok) texts.set(`${name}.${child?.pid ?? 0}`, text.body);
      }),
    );
    return texts;
  }

  /** What is still waited for; null: all services are ready. */
  async waitingFor(): Promise<string | null> {
    for (const { name, url } of this.#workers) {
      if (url === null) return `the process '${name}' is starting`;
      const ready = await get(`${url}/readyz`);
      if (ready === null) return `the process '${name}' does not answer`;
      if (!ready.ok) return ready.body.trim();
    }
    return null;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const children = this.#workers.flatMap(({ child }) => (child === null ? [] : [child]));
    await Promise.all(children.map(end));
  }

  #launch(worker: Worker, mode: 'w' | 'a'): void {
    mkdirSync(dirname(worker.logFile), { recursive: true });
    const log = openSync(worker.logFile, mode);
    const child = fork(program, [...worker.services], {
      stdio: ['ignore', 'pipe', log, 'ipc'],
      // Of a group of its own: Ctrl-C reaches the launcher, which stops things in order.
      detached: true,
      execArgv: [],
    });
    closeSync(log);
    worker.child = child;
    worker.url = null;
    worker.startedMs.push(monotonicMs());
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      if (worker.url !== null) return;
      said += chunk.toString();
      worker.url = /"url":"([^"]+)"/.exec(said)?.[1] ?? null;
    });
    child.once('error', (error) => this.#options.onFatal(error));
    child.once('exit', (code, signal) => void this.#ended(worker, signal ?? `exit code ${code}`));
  }

  async #ended(worker: Worker, how: string): Promise<void> {
    worker.url = null;
    if (this.#stopping) return;
    const { name, logFile } = worker;
    const recent = worker.startedMs.filter((ms) => monotonicMs() - ms < restartsWindowMs);
    if (recent.length > restartsMax) {
      const text = `the process '${name}' ended ${recent.length} times in a minute (${how})`;
      const said = lastSaid(logFile);
      const why = said === null ? '' : `, and said: ${said}`;
      this.#options.onFatal(new UserError(`${text}${why} (log: ${logFile})`));
      return;
    }
    this.#options.onEvent(`the process '${name}' ended (${how}) and is started again`);
    await pause(restartMs);
    if (!this.#stopping) this.#launch(worker, 'a');
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  if ((await within(stopMsMax, gone)) !== 'late') return;
  child.kill('SIGKILL');
  await gone;
}

async function get(url: string): Promise<{ readonly ok: boolean; readonly body: string } | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(scrapeMsMax) });
    return { ok: response.ok, body: await response.text() };
  } catch (error) {
    // Busy or just ending; asked again soon.
    void messageOf(error);
    return null;
  }
}
