import { monotonicMs } from '../../../lib/clock.ts';
import { UserError } from '../../../lib/errors.ts';
import type { Candidate } from '../../../models/model.ts';
import type { CandidateList } from '../../../schemas/packed/candidates.ts';
import type { Engine, EngineEvent, EngineModel } from '../engine.ts';
import { type InstallationOptions, openInstallation } from './installation.ts';
import { LockStep } from './lock-step.ts';

/** What `freshet evaluate --through-stack` found, as plain JSON. */
export interface ThroughStackResult {
  readonly layout: 1;
  readonly events: number;
  readonly models: readonly {
    readonly name: string;
    readonly lists: number;
    /** Lists with the same items in the same order, and their scores as they are stored. */
    readonly agreeing: number;
    /** Candidates on all lists: agreement on empty lists would be none. */
    readonly candidates: number;
  }[];
  /** The first that did not agree; null: all did. */
  readonly difference: Difference | null;
  readonly ms_per_event: number;
}

export interface Difference {
  readonly model: string;
  /** Number of the event, from 0, after which the list was made. */
  readonly event: number;
  readonly user: string;
  /** Place on the list, from 1. */
  readonly rank: number;
  readonly engine: string;
  readonly stack: string;
}

export interface ThroughStackOptions extends Omit<InstallationOptions, 'definitions'> {
  readonly engine: Engine;
  readonly onEvent: (events: number) => void | Promise<void>;
}

/** Scores are stored as logarithms, to within 0.04%. */
const scoreShare = 0.001;
const stepsMax = 8;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The same events through the engine and through the real services in lock step, and every list of
 * both compared: the engine's figures stand for the stack only as far as these agree.
 */
export async function throughStack(
  events: readonly EngineEvent[],
  options: ThroughStackOptions,
): Promise<ThroughStackResult> {
  const { engine, onEvent } = options;
  const personal = engine.models.flatMap((model) =>
    model.ready.kind === 'personal' ? [{ model, ready: model.ready }] : [],
  );
  if (personal.length === 0 || personal.length > stepsMax)
    throw new UserError(`1 to ${stepsMax} models with a list per user can go through the stack`);
  const definitions = personal.map(({ model }) => model.definition);
  const bed = await openInstallation({ ...options, definitions });
  const steps = new LockStep(
    bed,
    personal.map(({ ready }) => ready),
  );
  const compared = personal.map(({ model }) => new Compared(model));
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= closed(steps, bed));
  // Who is halted would not hear the signal, and stay when this process is gone.
  const interrupted = (): void => void close().finally(() => process.exit(130));
  for (const signal of signals) process.once(signal, interrupted);
  try {
    await steps.start();
    const startedMs = monotonicMs();
    for (const [number, event] of events.entries()) {
      const lists = await steps.take(event);
      engine.learn(event);
      const profile = engine.profile(event.userId);
      if (profile === null) throw new Error(`the engine knows nothing of ${event.userId}`);
      for (const [index, one] of compared.entries())
        one.take(engine.list(one.model, profile), lists[index] ?? null, { number, event });
      await onEvent(number + 1);
    }
    return {
      layout: 1,
      events: events.length,
      models: compared.map((one) => one.figures()),
      difference: earliest(compared),
      ms_per_event: (monotonicMs() - startedMs) / Math.max(1, events.length),
    };
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    await close();
  }
}

const closed = async (
  steps: LockStep,
  bed: { readonly close: () => Promise<void> },
): Promise<void> => {
  try {
    await steps.stop();
  } finally {
    await bed.close();
  }
};

const earliest = (compared: readonly Compared[]): Difference | null =>
  compared.reduce<Difference | null>((first, { difference }) => {
    if (first === null || difference === null) return first ?? difference;
    return difference.event < first.event ? difference : first;
  }, null);

class Compared {
  readonly model: EngineModel;
  difference: Difference | null = null;
  #lists = 0;
  #agreeing = 0;
  #candidates = 0;

  constructor(model: EngineModel) {
    this.model = model;
  }

  take(
    own: readonly Candidate[],
    list: CandidateList | null,
    { number, event }: { readonly number: number; readonly event: EngineEvent },
  ): void {
    const stored = list?.candidates ?? null;
    this.#lists += 1;
    this.#candidates += own.length;
    const at = stored === null ? 0 : firstDifference(own, stored);
    if (at === null) {
      this.#agreeing += 1;
      return;
    }
    this.difference ??= {
      model: this.model.ready.version,
      event: number,
      user: event.userId,
      rank: at + 1,
      engine: said(own[at]),
      stack: stored === null ? 'no list' : said(stored[at]),
    };
  }

  figures(): ThroughStackResult['models'][number] {
    return {
      name: this.model.ready.version,
      lists: this.#lists,
      agreeing: this.#agreeing,
      candidates: this.#candidates,
    };
  }
}

const said = (candidate: Candidate | undefined): string =>
  candidate === undefined ? 'the end' : `${candidate.itemId} (${candidate.score})`;

const firstDifference = (
  own: readonly Candidate[],
  stored: readonly Candidate[],
): number | null => {
  for (let at = 0; at < Math.max(own.length, stored.length); at++) {
    const [a, b] = [own[at], stored[at]];
    if (a === undefined || b === undefined || a.itemId !== b.itemId) return at;
    const score = Math.max(0, a.score);
    if (Math.abs(score - b.score) > scoreShare * score + 2 ** -32) return at;
  }
  return null;
};
