import type { Guardian } from '../../stack/guardian.ts';
import { awaitReady, type LocalPart, spawnPart } from '../../stack/local-part.ts';
import type { BedProcess } from './row.ts';
import { until } from './waiting.ts';

const goneMsMax = 30_000;

export interface PartOptions {
  readonly guardian: Guardian;
  /** How to start it now: what is primary may have changed since the last start. */
  readonly part: () => LocalPart;
  readonly name: string;
  readonly port: number;
  readonly dataDir: string;
}

/** A broker, a Redis or the registry; the guard ends it if we do not. */
export class PartProcess implements BedProcess {
  readonly name: string;
  readonly port: number;
  readonly dataDir: string;
  readonly #options: PartOptions;
  #pid = 0;
  #frozen = false;

  constructor(options: PartOptions) {
    this.#options = options;
    this.name = options.name;
    this.port = options.port;
    this.dataDir = options.dataDir;
  }

  get pid(): number {
    return this.#pid;
  }

  get running(): boolean {
    return this.#pid !== 0 && this.#options.guardian.exitOf(this.name) === undefined;
  }

  get frozen(): boolean {
    return this.running && this.#frozen;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
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

  async restart(): Promise<void> {
    const { guardian } = this.#options;
    await this.#end('SIGTERM');
    const part = this.#options.part();
    const append = this.#pid !== 0;
    this.#pid = await spawnPart(guardian, part, append);
    await awaitReady(guardian, part);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    process.kill(this.#pid, signal);
    // One that is frozen hears only of SIGKILL; one that is not may be gone by now.
    if (this.#frozen && signal !== 'SIGKILL') this.goOn();
    this.#frozen = false;
    await until(() => !this.running, { withinMs: goneMsMax, what: `${this.name} ends` });
  }
}
