import type { Interval } from '../evaluate/result.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import type { SearchMethod } from './search.ts';
import type { Json } from './parameter.ts';

/** What `freshet tune --json` prints. */
export interface TuneResult {
  readonly layout: 1;
  readonly data: string;
  readonly metric: string;
  readonly search: {
    readonly method: SearchMethod;
    readonly seed: number;
    readonly trials_max: number;
    /** The search has seen no event from this time on. */
    readonly until_ms: number;
  };
  /** Trial 0 is the definition as it was given. */
  readonly trials: readonly {
    readonly number: number;
    readonly value: number;
    readonly values: Readonly<Record<string, Json>>;
  }[];
  /** Number of the best trial; null: there was none. */
  readonly best: number | null;
  /** Whether it was broken off. */
  readonly stopped: boolean;
  /** Null: nothing better was found, or it was broken off before. */
  readonly judged: Judged | null;
  /** The best found, whole. */
  readonly definition: ModelDefinition;
}

export interface JudgedSide {
  readonly value: number | null;
  /** Null: no list was made. */
  readonly us_per_list: number | null;
  readonly us_per_event: number;
}

/** The given and the tuned definition on events that the search has never seen. */
export interface Judged {
  readonly tests: number;
  readonly users: number;
  readonly given: JudgedSide;
  readonly tuned: JudgedSide;
  /** Of the tuned over the given. */
  readonly gain: number;
  /** 95% of the gain, by drawing users again; null: too few users. */
  readonly interval: Interval | null;
  /** `within_noise`: the interval holds 0, or there are too few users for one. */
  readonly verdict: 'better' | 'worse' | 'within_noise';
}
