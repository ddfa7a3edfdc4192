import type { Logger } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import {
  type ExpectationLimits,
  type ExpectationName,
  expectationNames,
  type Expectations,
  limitsFor,
} from '../../models/definitions.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import {
  type AnswerFigures,
  AnswerWindows,
  type Standing,
  windowMsMax,
  type WindowName,
  windowNames,
} from './windows.ts';

export interface WatchOptions {
  readonly metrics: Pick<Metrics, 'set' | 'add' | 'forget'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** What a context demands; undefined: there is no such context. */
  readonly expectationsOf: (context: string) => Expectations | undefined;
  /** Pairs of context and model that are watched at once. */
  readonly watchedMax: number;
}

/** With fewer answers in a window nothing is said of it. */
export const answersMin = 20;

/** A context, and the model version that the first step of its ladder asked. */
interface Watched {
  readonly context: string;
  readonly model: string;
  readonly windows: AnswerWindows;
  /** Window and expectation of those that are broken now. */
  readonly broken: Set<string>;
  newestMs: number;
}

/**
 * What contexts demand of their models, over sliding windows of the answers. A model is held to
 * what it was asked for: answers count for the model of the first step, whichever step answered.
 */
export class ExpectationWatch {
  readonly #options: WatchOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  take(event: MetricEvent, nowMs: number): void {
    const { context, first_model: model, status } = event.labels;
    if (event.name !== 'answer' || status !== 'ok') return;
    if (context === undefined || model === undefined) return;
    // Only names that are published: what comes on a topic is not ours to trust.
    if (this.#options.expectationsOf(context) === undefined) return;
    const watched = this.#watchedOf(context, model);
    if (watched === null) return;
    watched.newestMs = nowMs;
    watched.windows.add(figuresOf(event), { atMs: event.at, nowMs });
  }

  /** Publishes where everything stands, and says what broke or holds again. */
  look(nowMs: number): void {
    for (const [key, watched] of this.#watched) {
      const expectations = this.#options.expectationsOf(watched.context);
      if (expectations === undefined || nowMs - watched.newestMs > windowMsMax) {
        this.#forget(watched);
        this.#watched.delete(key);
        continue;
      }
      const limits = limitsFor(expectations, watched.model);
      for (const window of windowNames) this.#lookAt(watched, { window, limits, nowMs });
    }
  }

  #watchedOf(context: string, model: string): Watched | null {
    const key = `${context}/${model}`;
    const known = this.#watched.get(key);
    if (known !== undefined) return known;
    if (this.#watched.size >= this.#options.watchedMax) {
      this.#options.metrics.add('freshet_series_limited_total', { label: 'expectation' });
      return null;
    }
    const windows = new AnswerWindows();
    const made: Watched = { context, model, windows, broken: new Set(), newestMs: 0 };
    this.#watched.set(key, made);
    return made;
  }

  #lookAt(
    watched: Watched,
    given: {
      readonly window: WindowName;
      readonly limits: ExpectationLimits;
      readonly nowMs: number;
    },
  ): void {
    const { metrics } = this.#options;
    const { context, model } = watched;
    const { window, limits } = given;
    const standing = watched.windows.standing(window, given.nowMs);
    metrics.set('freshet_expectation_answers', { context, model, window }, standing.answers);
    for (const expectation of expectationNames) {
      const labels = { context, model, expectation, window };
      const value = standing[expectation];
      const limit = limits[expectation];
      if (value === null) metrics.forget('freshet_expectation_value', labels);
      else metrics.set('freshet_expectation_value', labels, value);
      if (limit === undefined) {
        metrics.forget('freshet_expectation_limit', labels);
        metrics.forget('freshet_expectation_broken', labels);
        watched.broken.delete(`${window} ${expectation}`);
        continue;
      }
      metrics.set('freshet_expectation_limit', labels, limit);
      const broken = isBroken(expectation, limit, standing);
      metrics.set('freshet_expectation_broken', labels, broken ? 1 : 0);
      this.#say(watched, broken, { ...labels, value, limit, answers: standing.answers });
    }
  }

  #say(
    { broken }: Watched,
    isNow: boolean,
    about: {
      readonly window: WindowName;
      readonly expectation: ExpectationName;
      readonly value: number | null;
      readonly limit: number;
      readonly answers: number;
      readonly context: string;
      readonly model: string;
    },
  ): void {
    const key = `${about.window} ${about.expectation}`;
    if (broken.has(key) === isNow) return;
    if (isNow) {
      broken.add(key);
      this.#options.log.warn(about, 'an expectation of a context is broken');
    } else {
      broken.delete(key);
      this.#options.log.info(about, 'an expectation of a context holds again');
    }
  }

  #forget({ context, model }: Watched): void {
    const { metrics } = this.#options;
    for (const window of windowNames) {
      metrics.forget('freshet_expectation_answers', { context, model, window });
      for (const expectation of expectationNames) {
        const labels = { context, model, expectation, window };
        metrics.forget('freshet_expectation_value', labels);
        metrics.forget('freshet_expectation_limit', labels);
        metrics.forget('freshet_expectation_broken', labels);
      }
    }
  }
}

/** A share that must not fall below, or a figure that must not rise above, its limit. */
const isBroken = (name: ExpectationName, limit: number, standing: Standing): boolean => {
  const value = standing[name];
  if (value === null || standing.answers < answersMin) return false;
  return name.endsWith('Min') ? value < limit : value > limit;
};

const figuresOf = ({ values }: MetricEvent): AnswerFigures => ({
  predicted: values['predicted'] === 1,
  enough: values['at_least'] === 1,
  emptied: values['emptied'] === 1,
  ageSeconds: figure(values['age_seconds']),
  answerMs: figure(values['answer_ms']),
});

const figure = (value: number | undefined): number | null =>
  value !== undefined && value >= 0 && Number.isFinite(value) ? value : null;
