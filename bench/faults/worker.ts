import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { projectDir } from '../../lib/config/state-file.ts';
import type { Guardian } from '../../stack/guardian.ts';
import { residentMb } from '../cpu.ts';
import type { Client } from './clients.ts';
import type { BedWorker, Link, WorkerEnd } from './row.ts';
import { until } from './waiting.ts';

const startedMsMax = 90_000;
const readyMsMax = 180_000;
const askMsMax = 3_000;
/** Longer: a blocked process has something to say about it afterwards. */
const metricsMsMax = 60_000;

export interface WorkerOptions {
  readonly guardian: Guardian;
  readonly client: Client;
  readonly dir: string;
  /** As of now: installations change, and with them the prefix. */
  readonly environment: () => Readonly<Record<string, string>>;
}

/** All services in one process, started as an operator starts it. */
export class Worker implements BedWorker {
  readonly name: string;
  readonly kafka: readonly Link[];
  readonly redis: Link;
  readonly registry: Link;
  ended: Promise<WorkerEnd> = Promise.resolve({ code: null, signal: null });
  readonly #options: WorkerOptions;
  readonly #logFile: string;
  #pid = 0;
  #url = '';
  #frozen = false;
  #over: (end: WorkerEnd) => void = () => undefined;

  constructor(options: WorkerOptions) {
    const { client } = options;
    this.#options = options;
    this.name = client.name;
    this.kafka = client.kafka;
    this.redis = client.redis;
    this.registry = client.registry;
    this.#logFile = join(options.dir, `${client.name}.log`);
  }

  get pid(): number {
    return this.#pid;
  }

  get url(): string {
    return this.#url;
  }

  get running(): boolean {
    return this.#pid !== 0 && this.#options.guardian.exitOf(this.name) === undefined;
  }

  get frozen(): boolean {
    return this.running && this.#frozen;
  }

  /** From whoever hears it of the guard. */
  heardOfEnd(end: WorkerEnd): void {
    this.#over(end);
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { guardian, client, environment } = this.#options;
    const settings = { ...environment(), ...client.environment, ...more };
    const from = existsSync(this.#logFile) ? statSync(this.#logFile).size : 0;
    this.#frozen = false;
    this.#url = '';
    this.ended = new Promise((resolve) => {
      this.#over = resolve;
    });
    this.#pid = await guardian.spawn({
      name: this.name,
      command: 'env',
      args: [
        '-i',
        ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
        process.execPath,
        join(projectDir, 'cli', 'main.ts'),
        ...'run --all --json --port 0'.split(' '),
      ],
      cwd: projectDir,
      logFile: this.#logFile,
      append: true,
    });
    const listens = (): boolean => {
      this.#url = /"event":"started","url":"([^"]+)"/.exec(this.#logFrom(from))?.[1] ?? '';
      // Whoever waits for its end hears of that; it may be meant to die early.
      return this.#url !== '' || !this.running;
    };
    await until(listens, { withinMs: startedMsMax, what: `${this.name} starts` });
  }

  async ready(signal: AbortSignal): Promise<void> {
    const ready = async (): Promise<boolean> => {
      if (!this.running) throw new Error(`${this.name} has ended`);
      return (await this.#ask('/readyz')).ok;
    };
    await until(ready, { withinMs: readyMsMax, what: `${this.name} is ready`, signal });
  }

  async kill(): Promise<WorkerEnd> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<WorkerEnd> {
    return this.#end('SIGTERM');
  }

  freeze(): void {
    if (!this.running) return;
    process.kill(this.#pid, 'SIGSTOP');
    this.#frozen = true;
  }

  goOn(): void {
    if (this.running) process.kill(this.#pid, 'SIGCONT');
    this.#frozen = false;
  }

  log(): string {
    return this.#logFrom(0);
  }

  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await this.#ask('/metrics', metricsMsMax)).text();
    let sum = 0;
    for (const line of text.split('\n')) {
      const [, named, of = '', value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
      if (named === name && of.includes(labels)) sum += Number(value);
    }
    return sum;
  }

  /** Null: healthy; otherwise what it says is wrong. Rejects when it does not answer. */
  async unhealthy(): Promise<string | null> {
    const response = await this.#ask('/healthz');
    return response.ok ? null : response.text();
  }

  /** Null: there is no such process. It may have ended before anybody was told. */
  residentMb(): number | null {
    if (!this.running) return null;
    try {
      return residentMb(this.#pid).now;
    } catch {
      return null;
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<WorkerEnd> {
    if (this.running) {
      process.kill(this.#pid, signal);
      // One that is frozen hears only of SIGKILL; one that is not may be gone by now.
      if (this.#frozen && signal !== 'SIGKILL') this.goOn();
      this.#frozen = false;
    }
    return this.ended;
  }

  #ask(path: string, withinMs = askMsMax): Promise<Response> {
    return fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(withinMs) });
  }

  #logFrom(from: number): string {
    if (!existsSync(this.#logFile)) return '';
    if (from === 0) return readFileSync(this.#logFile, 'utf8');
    const size = statSync(this.#logFile).size - from;
    if (size <= 0) return '';
    const bytes = Buffer.alloc(size);
    const file = openSync(this.#logFile, 'r');
    try {
      readSync(file, bytes, 0, size, from);
    } finally {
      closeSync(file);
    }
    return bytes.toString();
  }
}
