import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { StackError } from './errors.ts';

/**
 * Ports come from below the range that the kernel gives to outgoing connections (32768 and more):
 * otherwise some client could take a broker's port while the broker restarts.
 */
const lowest = 20_000;
const highest = 31_000;
const triesMax = 200;

export async function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => answer(true));
    });
  });
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** By part. */
export type LastPorts = Readonly<Record<string, number>>;

/**
 * Ports promised to stacks that have not bound them yet, one file each, so that two stacks which
 * start at the same moment do not choose the same ones.
 */
export class PortReservations {
  readonly #dir: string;
  readonly #held: string[] = [];
  readonly #last: LastPorts;
  readonly #chosen: Record<string, number> = {};

  /** `last`: what services and clients of the stack that was here before may still look for. */
  constructor(cacheDir: string, last: LastPorts = {}) {
    this.#dir = join(cacheDir, 'ports');
    this.#last = last;
    mkdirSync(this.#dir, { recursive: true });
  }

  /** What was chosen for parts, by their names. */
  get chosen(): LastPorts {
    return this.#chosen;
  }

  /** Of last time if it is free, else the usual one, else another. */
  async chooseFor(name: string, usual: number): Promise<number> {
    const last = this.#last[name];
    const isLast = last !== undefined && this.#reserve(last) && (await isFree(last));
    const port = isLast ? last : await this.choose(usual);
    this.#chosen[name] = port;
    return port;
  }

  /** The preferred port, or another one if it is taken. */
  async choose(preferred: number): Promise<number> {
    for (let attempt = 0; attempt < triesMax; attempt++) {
      const port = attempt === 0 ? preferred : randomInt(lowest, highest);
      if (this.#reserve(port)) {
        if (await isFree(port)) return port;
      }
    }
    throw new StackError(`No free port between ${lowest} and ${highest}.`, 'stop other programs');
  }

  /** To be called once everything listens. */
  release(): void {
    for (const file of this.#held.splice(0)) rmSync(file, { force: true });
  }

  #reserve(port: number): boolean {
    const file = join(this.#dir, String(port));
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        this.#held.push(file);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if (isRunning(readPid(file))) return false;
        rmSync(file, { force: true });
      }
    }
    return false;
  }
}

/** A number that no process has, if the file is gone or empty. */
function readPid(file: string): number {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : 2 ** 30;
  } catch {
    return 2 ** 30;
  }
}
