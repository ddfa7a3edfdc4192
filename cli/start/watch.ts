import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { RetryableError, UserError } from '../../lib/errors.ts';
import {
  openProgress,
  type Progress,
  type ProgressReader,
  serviceOf,
} from '../data/progress-of-services.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { userEvents } from '../../topics/user-events.ts';
import { Figures } from './figures.ts';
import type { Workers } from './workers.ts';

const ingest = 'ingest';

/** Looks at the services from outside: their metrics, and how far they are behind. */
export class Watch {
  readonly figures = new Figures();
  readonly #workers: Workers;
  readonly #reader: ProgressReader;
  #progress: readonly Progress[] = [];

  readonly #path: ReadonlySet<string>;
  readonly #answers: string;

  private constructor(config: CommonConfig, workers: Workers, reader: ProgressReader) {
    this.#workers = workers;
    this.#reader = reader;
    const topics = [userEvents, interactions, itemSignals, trainingExamples];
    this.#answers = topicName(config.prefix, exposures);
    this.#path = new Set(topics.map((topic) => topicName(config.prefix, topic)));
  }

  static async open(config: CommonConfig, workers: Workers): Promise<Watch> {
    return new Watch(config, workers, await openProgress(config));
  }

  async look(): Promise<void> {
    const [texts, read] = await Promise.all([this.#workers.metrics(), this.#reader.read()]);
    this.figures.take(texts);
    this.#progress = read.progress;
  }

  /** What ingest says it did with the events. */
  judged(): { readonly accepted: number; readonly duplicates: number; readonly failed: number } {
    const { figures } = this;
    return {
      accepted: figures.sum('freshet_records_total', { service: ingest, outcome: 'accepted' }),
      duplicates: figures.sum('freshet_skipped_total', { service: ingest, reason: 'duplicate' }),
      failed: figures.sum('freshet_failed_events_total', { service: ingest }),
    };
  }

  /** Messages by service, in the order of the flow. */
  behind(): Map<string, number> {
    const behind = new Map<string, number>();
    for (const { service, lag } of this.#progress) {
      const name = serviceOf(service);
      behind.set(name, (behind.get(name) ?? 0) + lag);
    }
    return behind;
  }

  /**
   * Waits until no service on the way of the events is behind: a service's output appears only
   * after its own work, so one look that finds nothing is followed by another. Answers, which may
   * go on, are waited for only `withAnswers`.
   */
  async caughtUp(stallMsMax: number, { withAnswers = false } = {}): Promise<void> {
    let movedMs = monotonicMs();
    let before = '';
    for (let quiet = 0; quiet < 2; ) {
      await pause(lookMs);
      try {
        await this.look();
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        continue;
      }
      const path = this.#progress.filter(
        ({ topic }) => this.#path.has(topic) || (withAnswers && topic === this.#answers),
      );
      const lag = path.reduce((sum, own) => sum + own.lag, 0);
      quiet = lag === 0 ? quiet + 1 : 0;
      const now = path.map(({ next }) => next).join();
      if (now !== before) movedMs = monotonicMs();
      before = now;
      if (lag > 0 && monotonicMs() - movedMs > stallMsMax) throw this.#stalled(stallMsMax);
    }
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  #stalled(ms: number): UserError {
    const late = [...this.behind()].filter(([, lag]) => lag > 0).map(([service]) => service);
    return new UserError(`${late.join(', ')} did not move for ${Math.round(ms / 1_000)} s`);
  }
}

const lookMs = 500;
