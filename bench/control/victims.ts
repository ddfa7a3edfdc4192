import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import type { Bed } from '../bed.ts';

/** Processes at a time: while one starts, another one is at work. */
const processes = 2;
const killEveryMs = 1_000;

/**
 * Control processes that are killed hard, one every second as long as one is at work, and started
 * again at once.
 */
export class Victims {
  readonly #bed: Bed;
  readonly #ready: ServiceProcess[] = [];
  readonly #starting = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;
  kills = 0;

  constructor(bed: Bed) {
    this.#bed = bed;
    for (let n = 0; n < processes; n += 1) this.#start();
    this.#timer = setInterval(() => this.#kill(), killEveryMs);
  }

  #start(): void {
    if (this.#stopped) return;
    const starting = startServiceProcess(this.#bed, { run: ['control'] })
      .then(
        (service) => void this.#ready.push(service),
        // Not ready in time, on a machine with much else to do: another one is.
        () => this.#start(),
      )
      .finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
  }

  #kill(): void {
    const victim = this.#ready.shift();
    if (victim === undefined) return;
    process.kill(victim.pid, 'SIGKILL');
    this.kills += 1;
    this.#start();
  }

  /** Kills no more; what still runs goes on until `stop`. */
  async spare(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.spare();
    await Promise.all(this.#ready.map((service) => service.stop()));
  }
}
