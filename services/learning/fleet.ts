import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import type { Learner } from './topology.ts';

export interface FleetOptions {
  readonly log: ServiceContext['log'];
  readonly onFatal: (error: Error) => void;
  readonly startLearner: (learner: Learner) => Promise<RunningService>;
  readonly retryMs?: number;
}

/**
 * The folds of one process, one per learner. `want` says which there should be; what is missing
 * is started and what nobody uses any more is stopped, one after the other. The state of a
 * stopped one stays where it is: it goes on from there when it is wanted again.
 */
export class LearningFleet {
  readonly #options: FleetOptions;
  readonly #running = new Map<string, RunningService>();
  #wanted: ReadonlyMap<string, Learner> = new Map();
  #work: Promise<void> = Promise.resolve();
  #busy = false;
  #stopped = false;
  #waiting: string | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  want(learners: ReadonlyMap<string, Learner>): void {
    if (this.#stopped) return;
    this.#wanted = learners;
    if (this.#busy) return;
    this.#busy = true;
    this.#work = this.#reconcile().catch(this.#options.onFatal);
  }

  /** Busy until the very turn in which nothing is left to do, so that no wish is missed. */
  async #reconcile(): Promise<void> {
    for (;;) {
      const step = this.#stopped ? null : this.#nextStep();
      if (step === null) {
        this.#busy = false;
        return;
      }
      await step();
    }
  }

  #nextStep(): (() => Promise<void>) | null {
    for (const [name, learner] of this.#wanted)
      if (!this.#running.has(name)) return () => this.#start(learner);
    for (const [name, service] of this.#running)
      if (!this.#wanted.has(name)) return () => this.#end(name, service);
    return null;
  }

  /** One try: on a fault that passes it comes again, unless it is no longer wanted then. */
  async #start(learner: Learner): Promise<void> {
    try {
      this.#running.set(learner.name, await this.#options.startLearner(learner));
      this.#waiting = null;
      this.#options.log.info({ learner: learner.name }, 'learning');
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.#waiting = `${learner.name}: ${messageOf(error)}`;
      await new Promise((resolve) => setTimeout(resolve, this.#options.retryMs ?? 1_000));
    }
  }

  async #end(name: string, service: RunningService): Promise<void> {
    this.#running.delete(name);
    await service.stop();
    this.#options.log.info({ learner: name }, 'no context uses it any more: stopped');
  }

  healthy(): string | null {
    return this.#first((service) => service.healthy());
  }

  ready(): string | null {
    for (const name of this.#wanted.keys())
      if (!this.#running.has(name)) return this.#waiting ?? `${name} is starting`;
    return this.#first((service) => service.ready());
  }

  #first(ask: (service: RunningService) => string | null): string | null {
    for (const [name, service] of this.#running) {
      const why = ask(service);
      if (why !== null) return `${name}: ${why}`;
    }
    return null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    await Promise.all([...this.#running.values()].map((service) => service.stop()));
  }
}
