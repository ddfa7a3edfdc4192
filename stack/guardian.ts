import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuardOrder, GuardReply, SpawnRequest } from './guard-messages.ts';

export interface ExitOfChild {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiting {
  readonly done: (value: number) => void;
  readonly failed: (error: Error) => void;
}

/** The launcher's end of guard.ts. */
export class Guardian {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exits = new Map<string, ExitOfChild>();
  readonly #gone: Promise<void>;
  readonly #onExit: (name: string, exit: ExitOfChild) => void;
  #lastId = 0;

  private constructor(guard: ChildProcess, onExit: (name: string, exit: ExitOfChild) => void) {
    this.#process = guard;
    this.pid = guard.pid ?? 0;
    this.#onExit = onExit;
    this.#gone = new Promise((done) => {
      guard.once('exit', () => {
        for (const waiting of this.#waiting.values()) waiting.failed(new Error('the guard ended'));
        this.#waiting.clear();
        done();
      });
    });
    guard.on('message', (message) => this.#receive(message as GuardReply));
  }

  /** Starts a guard in a session of its own, so that Ctrl-C reaches only the launcher. */
  static async start(
    logsDir: string,
    onExit: (name: string, exit: ExitOfChild) => void,
  ): Promise<Guardian> {
    const logFile = join(logsDir, 'guard.log');
    const log = openSync(logFile, 'w');
    const program = fileURLToPath(new URL('./guard.ts', import.meta.url));
    // The folder is there only to tell guards apart in a list of processes.
    const guard = spawn(process.execPath, ['--no-warnings', program, logsDir], {
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    await new Promise<void>((done, failed) => {
      guard.once('message', () => done());
      guard.once('error', failed);
      guard.once('exit', () => failed(new Error(`the guard did not start: see ${logFile}`)));
    });
    return new Guardian(guard, onExit);
  }

  async spawn(request: Omit<SpawnRequest, 'op'>): Promise<number> {
    this.#exits.delete(request.name);
    return this.#ask({ op: 'spawn', ...request });
  }

  async halt(name: string): Promise<void> {
    await this.#ask({ op: 'halt', name });
  }

  async atStop(command: string, args: readonly string[]): Promise<void> {
    await this.#ask({ op: 'at-stop', command, args });
  }

  /** How a child ended, if it has. */
  exitOf(name: string): ExitOfChild | undefined {
    return this.#exits.get(name);
  }

  /** From now on the stack outlives this process. */
  async release(): Promise<void> {
    await this.#ask({ op: 'release' });
    this.#process.disconnect();
    this.#process.unref();
  }

  async stop(): Promise<void> {
    if (this.#process.connected) {
      this.#ask({ op: 'stop' }).catch(() => undefined);
    } else {
      this.#process.ref();
      this.#process.kill('SIGTERM');
    }
    await this.#gone;
  }

  async #ask(order: GuardOrder): Promise<number> {
    const id = ++this.#lastId;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#process.send({ id, ...order }, (error) => {
        if (error !== null) failed(error);
      });
    });
  }

  #receive(message: GuardReply): void {
    if (message.event === 'exit') {
      const exit = { code: message.code, signal: message.signal };
      this.#exits.set(message.name, exit);
      this.#onExit(message.name, exit);
    }
    if (message.event !== 'reply') return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error !== undefined) waiting?.failed(new Error(message.error));
    else waiting?.done(message.value ?? 0);
  }
}
