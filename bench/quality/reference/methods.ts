import type { Happened, Participant, Request } from '../../../cli/evaluate/replay.ts';
import { best, filled, Scores } from './best.ts';
import { Cosine } from './cosine.ts';
import { WindowPopularity } from './popularity.ts';
import { SessionNeighbours } from './sessions.ts';

/** How the reference methods are set for a data set. */
export interface ReferenceSettings {
  /** The first fills lists that are short; null: all of time. */
  readonly windowsMs: readonly (number | null)[];
  readonly halfLifeMs: number;
  /** A user's events further apart lie in two sessions; null: the user is one session. */
  readonly sessionGapMs: number | null;
  readonly excludesSeen: boolean;
}

export const listLength = 20;
const fillerLength = 60;
const shrinks = [0, 10];
const nobody: ReadonlySet<number> = new Set();

/**
 * Every single method that a blend is measured against, plain and with nothing bounded: popularity
 * windows, item-to-item cosine, session neighbours, and the user's own items.
 */
export class ReferenceMethods implements Participant {
  readonly names: readonly string[];
  readonly #settings: ReferenceSettings;
  readonly #popularities: readonly WindowPopularity[];
  readonly #cosine: Cosine;
  readonly #sessions: SessionNeighbours;
  readonly #scores: Scores;
  readonly #histories = new Map<number, number[]>();
  readonly #lastMs = new Map<number, number>();
  readonly #sessionOf = new Map<number, number>();
  #sessionCount = 0;

  constructor(settings: ReferenceSettings, items: number) {
    this.#settings = settings;
    this.#popularities = settings.windowsMs.map((window) => new WindowPopularity(window, items));
    this.#cosine = new Cosine([{ halfLifeMs: null }, { halfLifeMs: settings.halfLifeMs }], items);
    this.#sessions = new SessionNeighbours(items);
    this.#scores = new Scores(items);
    const hours = (ms: number | null): string => (ms === null ? '' : `_${ms / 3_600_000}h`);
    this.names = [
      ...settings.windowsMs.map((window) => `pop${hours(window)}`),
      ...['i2i_cos', `i2i_cos_hl${settings.halfLifeMs / 3_600_000}h`].flatMap((name) =>
        shrinks.map((shrink) => `${name}_s${shrink}`),
      ),
      'vmis_idf0',
      'vmis_idf1',
      ...(settings.excludesSeen ? [] : ['own_recent', 'own_freq']),
    ];
  }

  /** What fills up lists that are short. */
  filler({ atMs, had }: Request): number[] {
    const banned = this.#settings.excludesSeen ? had : nobody;
    return this.#popularities[0]?.top(atMs, fillerLength, banned) ?? [];
  }

  predict(request: Request): number[][] {
    const { user, atMs, had } = request;
    const { excludesSeen } = this.#settings;
    const banned = excludesSeen ? had : nobody;
    const history = this.#histories.get(user) ?? [];
    const filler = this.filler(request);
    const scores = this.#scores;
    const listOf = (score: () => void): number[] => {
      scores.clear();
      score();
      return filled(best(scores, listLength, banned), filler, { count: listLength, banned });
    };
    const neighbours = this.#sessions.neighbours(history, this.#session(user, atMs));
    return [
      ...this.#popularities.map((one) => one.top(atMs, listLength, banned)),
      ...[0, 1].flatMap((variant) =>
        shrinks.map((shrink) =>
          listOf(() => this.#cosine.score(history, { variant, shrink, atMs }, scores)),
        ),
      ),
      ...[false, true].map((rare) => listOf(() => this.#sessions.score(neighbours, rare, scores))),
      ...(excludesSeen ? [] : this.#own(history, listOf)),
    ];
  }

  #own(history: readonly number[], listOf: (score: () => void) => number[]): number[][] {
    const scores = this.#scores;
    return [
      listOf(() => {
        for (const [place, item] of history.entries())
          scores.add(item, place + 1 - (scores.values[item] as number));
      }),
      listOf(() => {
        for (const item of history) scores.add(item, 1);
      }),
    ];
  }

  /** The session that an event of now belongs to: the one that is open, or the next. */
  #session(user: number, atMs: number): number {
    const { sessionGapMs } = this.#settings;
    if (sessionGapMs === null) return user;
    const known = this.#sessionOf.get(user);
    const isOpen = known !== undefined && atMs - (this.#lastMs.get(user) ?? 0) <= sessionGapMs;
    return isOpen ? known : this.#sessionCount;
  }

  learn({ user, item, atMs }: Happened): void {
    const session = this.#session(user, atMs);
    if (session === this.#sessionCount) this.#sessionCount += 1;
    this.#sessionOf.set(user, session);
    const history = this.#histories.get(user) ?? [];
    for (const one of this.#popularities) one.add(item, atMs);
    this.#cosine.add(item, history, atMs);
    this.#sessions.add(session, item, atMs);
    history.push(item);
    this.#histories.set(user, history);
    this.#lastMs.set(user, atMs);
  }
}
