import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { VerifyReport } from '../../cli/verify/verify.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import { foldsOf, lagOf } from '../progress.ts';
import { type FaultStack, startFaultStack } from './fault-stack.ts';
import { type Installation, openInstallation } from './installation.ts';
import { randomFrom } from './random.ts';
import type { Counts, FaultBed, RedisNode } from './row.ts';
import { pause, until } from './waiting.ts';
import { Worker } from './worker.ts';

export interface BedOptions {
  readonly seed: number;
  readonly sessionMs: number;
  readonly workers: number;
  /** Leaves logs and data behind, and says where. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Everything that folds, those first whose output others read. */
export const foldingServices = [
  'control',
  'ingest',
  'user-features',
  'seen-items',
  'signals',
  'learning',
  'candidates',
  'served',
  'experiments',
] as const;

const verifyTries = 3;

/** How long a new leader may not know how far its log was acknowledged. */
const leaderMs = 3_000;

/**
 * For a moment a new leader gives an end of the log that lies before records which were
 * acknowledged, so that these seem to be missing. What is really missing still is when asked again;
 * a wrong state is never passed by.
 */
const mayBeAhead = ({ services, answers }: VerifyReport): boolean =>
  answers.differences === 0 &&
  services.every(({ examples }) => examples.every(({ what }) => what === 'is not on the topic'));

/** The bed that rows are run on, and what the runner needs besides. */
export class RunningBed implements FaultBed {
  readonly sessionMs: number;
  readonly workers: readonly Worker[];
  readonly dir: string;
  readonly #options: BedOptions;
  readonly #stack: FaultStack;
  #installation: Installation | null = null;
  #installations = 0;
  #closing: Promise<void> | null = null;

  private constructor(options: BedOptions, stack: FaultStack, dir: string) {
    this.#options = options;
    this.#stack = stack;
    this.dir = dir;
    this.sessionMs = options.sessionMs;
    this.workers = stack.clients.slice(2).map(
      (client) =>
        new Worker({
          guardian: stack.guardian,
          client,
          dir: join(dir, 'logs'),
          environment: () => this.environment,
        }),
    );
  }

  static async open(options: BedOptions): Promise<RunningBed> {
    const dir = mkdtempSync(join(tmpdir(), 'freshet-faults-'));
    const names = Array.from({ length: options.workers }, (_, n) => `worker${n + 1}`);
    let bed: RunningBed | null = null;
    try {
      const stack = await startFaultStack({
        dir,
        clients: ['control', 'load', ...names],
        say: options.say,
        onExit: (name, end) => bed?.workers.find((worker) => worker.name === name)?.heardOfEnd(end),
      });
      bed = new RunningBed(options, stack, dir);
      return bed;
    } catch (error) {
      if (!options.keep) rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  get #own(): Installation {
    if (this.#installation === null) throw new Error('nothing is installed');
    return this.#installation;
  }

  get config(): FaultBed['config'] {
    return this.#own.plain.config;
  }

  get environment(): FaultBed['environment'] {
    return this.#own.plain.environment;
  }

  get admin(): FaultBed['admin'] {
    return this.#own.plain.admin;
  }

  get redis(): FaultBed['redis'] {
    return this.#own.plain.redis;
  }

  get registry(): FaultBed['registry'] {
    return this.#own.plain.registry;
  }

  get load(): Installation['load'] {
    return this.#own.load;
  }

  get plain(): Installation['plain'] {
    return this.#own.plain;
  }

  get brokers(): FaultStack['brokers'] {
    return this.#stack.brokers;
  }

  get redisNodes(): FaultStack['redis']['nodes'] {
    return this.#stack.redis.nodes;
  }

  get registryProcess(): FaultStack['registry'] {
    return this.#stack.registry;
  }

  /** Stops the workers and begins anew, with empty logs and no state; starts them again. */
  async install(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.#installation?.close();
    this.#installation = null;
    await this.#mendParts();
    this.#installations += 1;
    const [control, loading] = this.#stack.clients;
    if (control === undefined || loading === undefined) throw new Error('a client is missing');
    const { dir } = this;
    const { seed, sessionMs } = this.#options;
    const prefix = `faults-${this.#installations}`;
    const random = randomFrom(seed + this.#installations);
    const own = { prefix, dir, sessionMs, control, loading, random };
    this.#installation = await openInstallation(own);
    await this.mend();
  }

  async promote(node: RedisNode): Promise<void> {
    await this.#stack.redis.promote(node);
    for (const { redis } of this.#stack.clients) redis.retarget(node.port);
  }

  async caughtUp(withinMs: number): Promise<void> {
    const folds = foldingServices.flatMap((service) => foldsOf(service));
    let left = '';
    const nothingLeft = async (): Promise<boolean> => {
      left = '';
      for (const fold of folds) {
        const lag = await lagOf(this.plain, fold);
        if (lag > 0) left += ` ${fold.fold}: ${lag}`;
      }
      return left === '';
    };
    const { signal } = this.#options;
    await until(nothingLeft, { withinMs, what: 'every fold has caught up', signal }).catch(
      (error: unknown) => {
        throw new Error(`${messageOf(error)};${left}`, { cause: error });
      },
    );
  }

  async verify(): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      try {
        const report = await this.#own.verify();
        if (report.differences === 0) return 0;
        this.#options.say(`verify: ${JSON.stringify(report)}`);
        if (tries >= verifyTries || !mayBeAhead(report)) return report.differences;
        await pause(leaderMs, this.#options.signal);
      } catch (error) {
        if (!(error instanceof RetryableError) || tries >= verifyTries) throw error;
      }
    }
  }

  count(): Promise<Counts> {
    return this.#own.oracle.count(this.load);
  }

  async mend(): Promise<void> {
    await this.#mendParts();
    const { signal } = this.#options;
    await Promise.all(
      this.workers.map(async (worker) => {
        if (!worker.running) await worker.start();
        await worker.ready(signal);
      }),
    );
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { keep, say } = this.#options;
    await this.#installation?.close().catch(() => undefined);
    await this.#stack.close();
    if (keep) say(`logs and data are in ${this.dir}`);
    else rmSync(this.dir, { recursive: true, force: true });
  }

  async #mendParts(): Promise<void> {
    const { brokers, registry, redis, clients } = this.#stack;
    for (const client of clients) client.heal();
    for (const one of [...brokers, registry, ...redis.nodes, ...this.workers]) {
      if (one.frozen) one.goOn();
    }
    const down = [...brokers, registry, ...redis.nodes].filter(({ running }) => !running);
    await Promise.all(down.map((part) => part.restart()));
    await redis.inStep();
  }
}
